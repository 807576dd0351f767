//! Reads faces: a small safe wrapper of libaffect.
//!
//! ```no_run
//! let mut reader = affect::Reader::new(affect::LANDMARKS | affect::POSE).unwrap();
//! let pixels = vec![128u8; 640 * 480];
//! for face in reader.read(affect::Picture::grey(&pixels, 640, 480).unwrap()).unwrap() {
//!     println!("{:?} {:?}", face.rect, face.pose);
//! }
//! ```
//! What was not measured is `None`. Angles are degrees, coordinates pixels, scores 0..1.
#[doc(hidden)]
pub mod ffi;

pub use ffi::{Point, Rect};
use std::ffi::CStr;
use std::fmt;
use std::os::raw::c_char;

/// Signals to ask for.
pub const LANDMARKS: u32 = 1 << 0;
pub const POSE: u32 = 1 << 1;
pub const EYES: u32 = 1 << 2;
pub const EXPRESSIONS: u32 = 1 << 3;
/// Off unless asked for: see docs/ethics.md.
pub const EMOTIONS: u32 = 1 << 4;

/// What the library answered instead of success.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Error(i32);

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(text(unsafe { ffi::affect_status_text(self.0) }))
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({self})", self.0)
    }
}

impl std::error::Error for Error {}

const ARGUMENT: Error = Error(-1);

/// A constant string of the library's.
fn text(string: *const c_char) -> &'static str {
    if string.is_null() {
        return "";
    }
    unsafe { CStr::from_ptr(string) }.to_str().unwrap_or("")
}

fn check(status: i32) -> Result<(), Error> {
    if status == 0 { Ok(()) } else { Err(Error(status)) }
}

/// The library's version.
pub fn version() -> &'static str {
    text(unsafe { ffi::affect_version() })
}

/// The name of an expression, by its index.
pub fn expression_name(index: usize) -> &'static str {
    text(unsafe { ffi::affect_expression_name(u32::try_from(index).unwrap_or(u32::MAX)) })
}

/// The name of an emotion, by its index.
pub fn emotion_name(index: usize) -> &'static str {
    text(unsafe { ffi::affect_emotion_name(u32::try_from(index).unwrap_or(u32::MAX)) })
}

/// Borrowed pixels, rows without gaps.
#[derive(Clone, Copy)]
pub struct Picture<'a> {
    pixels: &'a [u8],
    width: i32,
    height: i32,
    channels: i32,
}

impl<'a> Picture<'a> {
    /// One byte a pixel.
    pub fn grey(pixels: &'a [u8], width: u32, height: u32) -> Result<Self, Error> {
        Self::new(pixels, width, height, 1)
    }

    /// Three bytes a pixel: red, green, blue.
    pub fn rgb(pixels: &'a [u8], width: u32, height: u32) -> Result<Self, Error> {
        Self::new(pixels, width, height, 3)
    }

    fn new(pixels: &'a [u8], width: u32, height: u32, channels: u32) -> Result<Self, Error> {
        let bytes = u64::from(width) * u64::from(height) * u64::from(channels);
        if width > 32768 || height > 32768 || bytes != pixels.len() as u64 {
            return Err(ARGUMENT);
        }
        Ok(Self { pixels, width: width as i32, height: height as i32, channels: channels as i32 })
    }

    fn image(&self) -> ffi::Image {
        let mut image = std::mem::MaybeUninit::uninit();
        unsafe {
            ffi::affect_image_init(
                image.as_mut_ptr(),
                if self.channels == 1 { 1 } else { 2 },
                self.pixels.as_ptr().cast(),
                self.width,
                self.height,
                (self.width * self.channels) as isize,
            );
            image.assume_init()
        }
    }
}

/// One eye. `open`: 0 closed .. 1 as open as is usual.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Eye {
    pub open: f32,
    pub iris: Option<Point>,
    pub confidence: Option<f32>,
}

/// One face, copied out of the reader.
#[derive(Clone, Debug, PartialEq)]
pub struct Face {
    pub rect: Rect,
    pub score: f32,
    pub points: Option<[Point; 5]>,
    /// 68 points in iBUG order.
    pub landmarks: Option<Box<[Point; ffi::LANDMARKS]>>,
    pub presence: Option<f32>,
    /// Yaw, pitch, roll.
    pub pose: Option<[f32; 3]>,
    pub right_eye: Option<Eye>,
    pub left_eye: Option<Eye>,
    /// Yaw, pitch.
    pub gaze: Option<[f32; 2]>,
    pub expressions: Option<[f32; ffi::EXPRESSIONS]>,
    pub emotions: Option<[f32; ffi::EMOTIONS]>,
    pub valence: Option<f32>,
    pub arousal: Option<f32>,
    pub confidence: Option<f32>,
}

fn known(value: f32) -> Option<f32> {
    (!value.is_nan()).then_some(value)
}

fn known_all<const N: usize>(values: [f32; N]) -> Option<[f32; N]> {
    values.iter().all(|value| !value.is_nan()).then_some(values)
}

fn known_points<const N: usize>(points: &[Point; N]) -> Option<[Point; N]> {
    points.iter().all(|p| !p.x.is_nan() && !p.y.is_nan()).then_some(*points)
}

impl Eye {
    fn new(c: &ffi::Eye) -> Option<Self> {
        known(c.open).map(|open| Self {
            open,
            iris: known_points(&[c.iris]).map(|points| points[0]),
            confidence: known(c.confidence),
        })
    }
}

impl Face {
    fn new(c: &ffi::Face) -> Self {
        let has = |signal| c.measured & signal != 0;
        let eyes = has(EYES);
        let emotions = has(EMOTIONS);
        Self {
            rect: c.rect,
            score: c.score,
            points: known_points(&c.points),
            landmarks: has(LANDMARKS)
                .then(|| known_points(&c.landmarks).map(Box::new))
                .flatten(),
            presence: known(c.presence),
            pose: has(POSE).then(|| known_all([c.yaw, c.pitch, c.roll])).flatten(),
            right_eye: eyes.then(|| Eye::new(&c.right_eye)).flatten(),
            left_eye: eyes.then(|| Eye::new(&c.left_eye)).flatten(),
            gaze: eyes.then(|| known_all([c.gaze_yaw, c.gaze_pitch])).flatten(),
            expressions: has(EXPRESSIONS).then_some(c.expressions),
            emotions: emotions.then_some(c.emotions),
            valence: emotions.then(|| known(c.valence)).flatten(),
            arousal: emotions.then(|| known(c.arousal)).flatten(),
            confidence: has(EXPRESSIONS | EMOTIONS).then(|| known(c.confidence)).flatten(),
        }
    }
}

/// A reader of faces. It can go to another thread, but two threads cannot share it.
pub struct Reader {
    handle: *mut ffi::Handle,
}

unsafe impl Send for Reader {}

impl Reader {
    /// Opens a reader for some signals (`LANDMARKS | POSE`; 0: boxes and five points).
    pub fn new(signals: u32) -> Result<Self, Error> {
        let mut options = std::mem::MaybeUninit::uninit();
        let mut handle = std::ptr::null_mut();
        unsafe {
            ffi::affect_options_init(options.as_mut_ptr());
            let mut options: ffi::Options = options.assume_init();
            options.signals = signals;
            check(ffi::affect_open(&mut handle, &options))?;
        }
        Ok(Self { handle })
    }

    /// Finds and reads the faces of a picture, best first.
    pub fn read(&mut self, picture: Picture<'_>) -> Result<Vec<Face>, Error> {
        let image = picture.image();
        let mut reading = std::ptr::null();
        check(unsafe { ffi::affect_read(self.handle, &image, ffi::STILL, &mut reading) })?;
        Ok(unsafe { Self::faces(reading) })
    }

    /// Reads faces that somebody else has found: one a rectangle, in their order.
    pub fn read_boxes(&mut self, picture: Picture<'_>, boxes: &[Rect]) -> Result<Vec<Face>, Error> {
        let image = picture.image();
        let count = u32::try_from(boxes.len()).map_err(|_| ARGUMENT)?;
        let mut reading = std::ptr::null();
        check(unsafe {
            ffi::affect_read_boxes(
                self.handle,
                &image,
                ffi::STILL,
                boxes.as_ptr(),
                count,
                &mut reading,
            )
        })?;
        Ok(unsafe { Self::faces(reading) })
    }

    unsafe fn faces(reading: *const ffi::Reading) -> Vec<Face> {
        (0..ffi::affect_reading_face_count(reading))
            .filter_map(|i| ffi::affect_reading_face(reading, i).as_ref().map(Face::new))
            .collect()
    }
}

impl Drop for Reader {
    fn drop(&mut self) {
        unsafe { ffi::affect_close(self.handle) }
    }
}
