//! Compares src/ffi.rs with what the C compiler makes of the header: AFFECT_LAYOUT names the program
//! made from tests/layout.c. Without it there is nothing to compare with.
use affect::ffi::{Eye, Face, Image, Options, Rect};
use std::collections::HashMap;
use std::mem::{size_of, MaybeUninit};
use std::process::Command;

macro_rules! offset {
    ($type:ty, $field:ident) => {{
        let value = MaybeUninit::<$type>::uninit();
        let base = value.as_ptr();
        (unsafe { std::ptr::addr_of!((*base).$field) } as usize) - base as usize
    }};
}

#[test]
fn fields_are_where_c_has_them() {
    let program = match std::env::var("AFFECT_LAYOUT") {
        Ok(program) => program,
        Err(_) => return,
    };
    let output = String::from_utf8(Command::new(program).output().unwrap().stdout).unwrap();
    let found: HashMap<&str, (usize, usize)> = output
        .lines()
        .map(|line| {
            let words: Vec<&str> = line.split(' ').collect();
            (words[0], (words[1].parse().unwrap(), words[2].parse().unwrap()))
        })
        .collect();
    for (name, size) in [
        ("affect_image", size_of::<Image>()),
        ("affect_options", size_of::<Options>()),
        ("affect_box", size_of::<Rect>()),
        ("affect_eye", size_of::<Eye>()),
    ] {
        assert_eq!(found[name].1, size, "{name}");
    }
    for (name, offset) in [
        ("affect_image.width", offset!(Image, width)),
        ("affect_image.roi_height", offset!(Image, roi_height)),
        ("affect_options.signals", offset!(Options, signals)),
        ("affect_options.smoothing", offset!(Options, smoothing)),
        ("affect_options.models", offset!(Options, models)),
        ("affect_options.time", offset!(Options, time)),
        ("affect_eye.confidence", offset!(Eye, confidence)),
        ("affect_face.box", offset!(Face, rect)),
        ("affect_face.points", offset!(Face, points)),
        ("affect_face.landmarks", offset!(Face, landmarks)),
        ("affect_face.presence", offset!(Face, presence)),
        ("affect_face.yaw", offset!(Face, yaw)),
        ("affect_face.right_eye", offset!(Face, right_eye)),
        ("affect_face.left_eye", offset!(Face, left_eye)),
        ("affect_face.gaze_yaw", offset!(Face, gaze_yaw)),
        ("affect_face.expressions", offset!(Face, expressions)),
        ("affect_face.emotions", offset!(Face, emotions)),
        ("affect_face.valence", offset!(Face, valence)),
        ("affect_face.confidence", offset!(Face, confidence)),
    ] {
        assert_eq!(found[name].0, offset, "{name}");
    }
}
