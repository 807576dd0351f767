//! Reads synthetic pictures.
use affect::{Picture, Reader, Rect, EXPRESSIONS, EYES, LANDMARKS, POSE};

const WIDTH: u32 = 128;
const HEIGHT: u32 = 96;

fn pattern() -> Vec<u8> {
    (0..WIDTH * HEIGHT).map(|i| (3 * (i % WIDTH) + 5 * (i / WIDTH)) as u8).collect()
}

#[test]
fn given_boxes_come_back() {
    let pixels = pattern();
    let picture = Picture::grey(&pixels, WIDTH, HEIGHT).unwrap();
    let boxes = [
        Rect { x: 20.0, y: 10.0, width: 60.0, height: 70.0 },
        Rect { x: 5.5, y: 5.0, width: 30.0, height: 40.0 },
    ];
    let mut reader = Reader::new(LANDMARKS | POSE | EYES | EXPRESSIONS).unwrap();
    let faces = reader.read_boxes(picture, &boxes).unwrap();
    assert_eq!(faces.iter().map(|face| face.rect).collect::<Vec<_>>(), boxes);
    assert!(faces.iter().all(|face| face.score == 1.0 && face.emotions.is_none()));
    assert_eq!(format!("{:?}", reader.read_boxes(picture, &boxes).unwrap()), format!("{faces:?}"));
}

#[test]
fn nothing_is_found_in_nothing() {
    let pixels = vec![128; (WIDTH * HEIGHT * 3) as usize];
    let mut reader = Reader::new(LANDMARKS).unwrap();
    assert!(reader.read(Picture::rgb(&pixels, WIDTH, HEIGHT).unwrap()).unwrap().is_empty());
}

#[test]
fn readers_go_to_threads() {
    let pixels = pattern();
    let threads: Vec<_> = (0..2)
        .map(|_| {
            let pixels = pixels.clone();
            let mut reader = Reader::new(LANDMARKS | POSE).unwrap();
            std::thread::spawn(move || {
                let boxes = [Rect { x: 9.0, y: 9.0, width: 50.0, height: 60.0 }];
                let picture = Picture::grey(&pixels, WIDTH, HEIGHT).unwrap();
                format!("{:?}", reader.read_boxes(picture, &boxes).unwrap())
            })
        })
        .collect();
    let texts: Vec<_> = threads.into_iter().map(|thread| thread.join().unwrap()).collect();
    assert_eq!(texts[0], texts[1]);
}

#[test]
fn errors_say_what_is_wrong() {
    assert!(Picture::grey(&[0; 5], 2, 2).is_err());
    let error = Reader::new(1 << 30).err().unwrap();
    assert!(!error.to_string().is_empty());
    let mut reader = Reader::new(0).unwrap();
    let flat = Rect { x: 0.0, y: 0.0, width: 0.0, height: 5.0 };
    assert!(reader.read_boxes(Picture::grey(&[0; 4], 2, 2).unwrap(), &[flat]).is_err());
}

#[test]
fn names_and_version() {
    assert_eq!(affect::version().split('.').count(), 3);
    assert_eq!(affect::expression_name(17), "smile");
    assert_eq!(affect::emotion_name(0), "neutral");
    assert_eq!(affect::emotion_name(8), "");
}
