//! The C interface, as include/affect/affect.h has it. tests/layout.rs compares it with what a C
//! compiler makes of the header.
use std::os::raw::{c_char, c_int, c_void};

pub const LANDMARKS: usize = 68;
pub const EXPRESSIONS: usize = 20;
pub const EMOTIONS: usize = 8;
pub const STILL: i64 = i64::MIN;

#[repr(C)]
pub struct Image {
    pub size: usize,
    pub planes: [*const c_void; 3],
    pub strides: [isize; 3],
    pub width: i32,
    pub height: i32,
    pub format: c_int,
    pub rotation: i32,
    pub mirror: i32,
    pub roi_x: i32,
    pub roi_y: i32,
    pub roi_width: i32,
    pub roi_height: i32,
}

#[repr(C)]
pub struct Allocator {
    pub allocate: *const c_void,
    pub release: *const c_void,
    pub context: *mut c_void,
}

#[repr(C)]
pub struct Container {
    pub data: *const c_void,
    pub size: usize,
}

#[repr(C)]
pub struct Options {
    pub size: usize,
    pub signals: u32,
    pub cpu: u32,
    pub detect_size: i32,
    pub threshold: f32,
    pub overlap: f32,
    pub min_face: f32,
    pub max_faces: i32,
    pub focal_length: f32,
    pub smoothing: f32,
    pub allocator: Allocator,
    pub models: [Container; 4],
    pub time: TimeOptions,
    pub max_looks: i32,
}

#[repr(C)]
pub struct TimeOptions {
    pub detect_every: f32,
    pub lost_after: f32,
    pub leave_after: f32,
    pub gap: f32,
    pub long_closure: f32,
    pub microsleep: f32,
    pub sleep: f32,
    pub unresponsive: f32,
    pub closed_below: f32,
    pub perclos_window: f32,
    pub yawn: f32,
    pub long_distraction: f32,
    pub short_distraction: f32,
    pub short_window: f32,
    pub phone_look: f32,
    pub phone_pitch: f32,
    pub forward_yaw: f32,
    pub forward_pitch: f32,
    pub forward_half_width: f32,
    pub forward_half_height: f32,
    pub tired_from: f32,
    pub drowsy_from: f32,
    pub mutual_gaze: f32,
    pub shared_smile: f32,
    pub looking_at_occupant: f32,
    pub seat_count: i32,
    pub seats: [Rect; 8],
}

#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rect {
    pub x: f32,
    pub y: f32,
    pub width: f32,
    pub height: f32,
}

#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Point {
    pub x: f32,
    pub y: f32,
}

#[repr(C)]
#[derive(Clone, Copy)]
pub struct Eye {
    pub open: f32,
    pub closed: f32,
    pub iris: Point,
    pub gaze_yaw: f32,
    pub gaze_pitch: f32,
    pub confidence: f32,
}

/// Up to `confidence`; more follows in C and is only ever seen behind a pointer.
#[repr(C)]
pub struct Face {
    pub measured: u32,
    pub track: u32,
    pub seat: i32,
    pub rect: Rect,
    pub score: f32,
    pub points: [Point; 5],
    pub landmarks: [Point; LANDMARKS],
    pub visibility: [f32; LANDMARKS],
    pub presence: f32,
    pub inter_ocular: f32,
    pub yaw: f32,
    pub pitch: f32,
    pub roll: f32,
    pub pose_confidence: f32,
    pub translation: [f32; 3],
    pub right_eye: Eye,
    pub left_eye: Eye,
    pub gaze_yaw: f32,
    pub gaze_pitch: f32,
    pub gaze_confidence: f32,
    pub expressions: [f32; EXPRESSIONS],
    pub emotions: [f32; EMOTIONS],
    pub valence: f32,
    pub arousal: f32,
    pub confidence: f32,
}

pub enum Handle {}
pub enum Reading {}

extern "C" {
    pub fn affect_version() -> *const c_char;
    pub fn affect_status_text(status: c_int) -> *const c_char;
    pub fn affect_expression_name(index: u32) -> *const c_char;
    pub fn affect_emotion_name(index: u32) -> *const c_char;
    pub fn affect_options_init(options: *mut Options);
    pub fn affect_image_init(
        image: *mut Image,
        format: c_int,
        pixels: *const c_void,
        width: i32,
        height: i32,
        stride: isize,
    );
    pub fn affect_open(reader: *mut *mut Handle, options: *const Options) -> c_int;
    pub fn affect_close(reader: *mut Handle);
    pub fn affect_read(
        reader: *mut Handle,
        image: *const Image,
        time_us: i64,
        reading: *mut *const Reading,
    ) -> c_int;
    pub fn affect_read_boxes(
        reader: *mut Handle,
        image: *const Image,
        time_us: i64,
        boxes: *const Rect,
        count: u32,
        reading: *mut *const Reading,
    ) -> c_int;
    pub fn affect_reading_face_count(reading: *const Reading) -> u32;
    pub fn affect_reading_face(reading: *const Reading, index: u32) -> *const Face;
}
