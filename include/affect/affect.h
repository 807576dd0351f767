/*
 * libaffect: reads faces. Where they are, where they look, whether their eyes are open, what they
 * show, and what that means over time. C11, no dependencies but libc; nothing leaves the process.
 *
 * SPDX-License-Identifier: Apache-2.0
 *
 *     affect_options options;
 *     affect_options_init(&options);
 *     affect *reader;
 *     if (affect_open(&reader, &options) != AFFECT_OK) return 1;
 *
 *     affect_image image;
 *     affect_image_init(&image, AFFECT_RGB, pixels, width, height, 3 * width);
 *     const affect_reading *reading;
 *     if (affect_read(reader, &image, AFFECT_STILL, &reading) == AFFECT_OK)
 *         for (uint32_t i = 0; i < affect_reading_face_count(reading); i++)
 *             printf("face at %.0f, %.0f\n", affect_reading_face(reading, i)->box.x,
 *                    affect_reading_face(reading, i)->box.y);
 *     affect_close(reader);
 *
 * THREADS. A handle may be used by one thread at a time. Different handles are independent of each
 * other. There is no global state. Functions without a handle may be called from any thread.
 *
 * OWNERSHIP. The caller owns what it passes in; nothing is kept after a call returns, except a
 * container given in affect_options.models, which must live as long as the handle. A reading, its
 * faces and its events belong to the handle and live until the next call that takes the handle.
 *
 * ERRORS. Functions return AFFECT_OK or a negative affect_status and, on failure, change nothing
 * the caller can see. The library never prints, aborts or jumps. All memory is taken in
 * affect_open; reading allocates nothing.
 *
 * COORDINATES. Pixels of the picture as displayed, that is after affect_image.rotation and mirror:
 * x to the right, y down, the first pixel's centre at (0.5, 0.5).
 *
 * ANGLES. Degrees. "Their own left" is the picture's right when a person faces the camera.
 *
 *            pitch > 0: looks up                    roll > 0: head tilts clockwise in
 *                 ^                                 the picture, to their own left shoulder
 *             .---|---.
 *            /  o   o  \ ---> yaw > 0: turns        The same signs hold for gaze. All zero:
 *            |    >    |      to their own left     face and eyes point at the camera plane
 *             \  ---  /       (picture's right)     squarely.
 *              '-----'
 *
 * NOT MEASURED. A signal that was not asked for, or that could not be read from this face, has
 * its bit clear in affect_face.measured and NaN in its fields. Unknown is never a value.
 *
 * WHAT IS NOT HERE. No identity, age, sex or race: there is no field for them. Track numbers only
 * say "the same face as in the frame before". Emotions are off until asked for, and a score says
 * what a face shows in the picture, not what a person feels: see docs/ethics.md.
 */
#ifndef AFFECT_H
#define AFFECT_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#if defined(AFFECT_SHARED) && defined(_WIN32)
#ifdef AFFECT_BUILDING
#define AFFECT_API __declspec(dllexport)
#else
#define AFFECT_API __declspec(dllimport)
#endif
#elif defined(__GNUC__)
#define AFFECT_API __attribute__((visibility("default")))
#else
#define AFFECT_API
#endif

/* ------------------------------------------------------------------------------ version, status */

#define AFFECT_VERSION_MAJOR 0
#define AFFECT_VERSION_MINOR 1
#define AFFECT_VERSION_PATCH 0

/* The library's version, "0.1.0"; a constant string. */
AFFECT_API const char *affect_version(void);

/* The version as major * 1000000 + minor * 1000 + patch. */
AFFECT_API uint32_t affect_version_number(void);

typedef enum affect_status {
    AFFECT_OK = 0,
    AFFECT_ERR_ARGUMENT = -1,   /* a null pointer, a value out of its range, a size field not set */
    AFFECT_ERR_MEMORY = -2,     /* the allocator returned null */
    AFFECT_ERR_MODEL = -3,      /* a network container is damaged or not the kind expected */
    AFFECT_ERR_IMAGE = -4,      /* width, height, stride, format or region make no valid picture */
    AFFECT_ERR_TIME = -5,       /* the time runs backwards: affect_reset first */
    AFFECT_ERR_UNSUPPORTED = -6 /* this build leaves out what was asked for */
} affect_status;

/* A short English text for a status; a constant string, never null. */
AFFECT_API const char *affect_status_text(affect_status status);

/* -------------------------------------------------------------------------------------- signals */

/* What to read. Bits of affect_options.signals and affect_face.measured. Boxes, scores and five
 * points are always read. A signal brings what it is computed from (eyes need landmarks), but only
 * what was asked for is reported. */
typedef enum affect_signal {
    AFFECT_LANDMARKS = 1 << 0,   /* 68 points, their visibility, presence */
    AFFECT_POSE = 1 << 1,        /* yaw, pitch, roll of the head */
    AFFECT_EYES = 1 << 2,        /* each eye: open, iris, gaze; the person's gaze */
    AFFECT_EXPRESSIONS = 1 << 3, /* 20 expressions */
    AFFECT_EMOTIONS = 1 << 4,    /* 8 emotions, valence, arousal; off unless asked for */
    AFFECT_STATE = 1 << 5,       /* video only: blinks, drowsiness, attention; events */
    AFFECT_OBJECTS = 1 << 6,     /* objects in a cabin; not built yet, always "not measured" */
    AFFECT_SIGNALS_DEFAULT = AFFECT_LANDMARKS | AFFECT_POSE | AFFECT_EYES,
    AFFECT_SIGNALS_ALL = (1 << 7) - 1
} affect_signal;

/* Counts and names, so that bindings need no copied tables. Names are lower_case words, as in the
 * tool's JSON; null when the index (or the signal bit) is not one. */
AFFECT_API const char *affect_signal_name(uint32_t signal_bit);
AFFECT_API uint32_t affect_signals_available(void); /* bits that this build can be asked for */
AFFECT_API uint32_t affect_landmark_count(void);   /* 68 */
AFFECT_API uint32_t affect_expression_count(void); /* 20 */
AFFECT_API const char *affect_expression_name(uint32_t index);
AFFECT_API uint32_t affect_emotion_count(void); /* 8 */
AFFECT_API const char *affect_emotion_name(uint32_t index);
AFFECT_API const char *affect_event_name(uint32_t type);

#define AFFECT_LANDMARK_COUNT 68
#define AFFECT_EXPRESSION_COUNT 20
#define AFFECT_EMOTION_COUNT 8

typedef enum affect_expression {
    AFFECT_BROW_FURROW = 0,
    AFFECT_BROW_RAISE,
    AFFECT_INNER_BROW_RAISE,
    AFFECT_CHEEK_RAISE,
    AFFECT_CHIN_RAISE,
    AFFECT_DIMPLER,
    AFFECT_EYE_CLOSURE,
    AFFECT_EYE_WIDEN,
    AFFECT_LID_TIGHTEN,
    AFFECT_JAW_DROP,
    AFFECT_MOUTH_OPEN,
    AFFECT_LIP_CORNER_DEPRESSOR,
    AFFECT_LIP_PRESS,
    AFFECT_LIP_PUCKER,
    AFFECT_LIP_STRETCH,
    AFFECT_LIP_SUCK,
    AFFECT_NOSE_WRINKLE,
    AFFECT_SMILE,
    AFFECT_SMIRK,
    AFFECT_UPPER_LIP_RAISE
} affect_expression;

/* The order of the FER+ data set. */
typedef enum affect_emotion {
    AFFECT_NEUTRAL = 0,
    AFFECT_HAPPINESS,
    AFFECT_SURPRISE,
    AFFECT_SADNESS,
    AFFECT_ANGER,
    AFFECT_DISGUST,
    AFFECT_FEAR,
    AFFECT_CONTEMPT
} affect_emotion;

/* ---------------------------------------------------------------------------------------- images
 */

typedef enum affect_format {
    AFFECT_GREY = 1, /* 1 byte a pixel, also 8-bit infrared */
    AFFECT_RGB,      /* 3 bytes: red, green, blue */
    AFFECT_BGR,
    AFFECT_RGBA, /* alpha is ignored */
    AFFECT_BGRA,
    AFFECT_NV12,   /* planes: Y, interleaved UV at half size */
    AFFECT_NV21,   /* planes: Y, interleaved VU at half size */
    AFFECT_I420,   /* planes: Y, U, V at half size */
    AFFECT_YUYV,   /* 2 bytes a pixel: Y U Y V; even width */
    AFFECT_GREY10, /* 16-bit words of the machine's byte order, the low 10 bits used */
    AFFECT_GREY12, /* the low 12 bits used */
    AFFECT_GREY16
} affect_format;

/* A picture in the caller's memory. Only luma is read: of NV12, NV21 and I420 only planes[0] need
 * be given. Luma of RGB is BT.601 (0.299 R + 0.587 G + 0.114 B). */
typedef struct affect_image {
    size_t size;           /* sizeof(affect_image), set by affect_image_init */
    const void *planes[3]; /* first pixel of the first row of each plane */
    ptrdiff_t strides[3];  /* bytes from a row to the next; negative for bottom-up pictures */
    int32_t width;         /* pixels as stored, 1..32768 */
    int32_t height;        /* pixels as stored, 1..32768 */
    affect_format format;
    int32_t rotation; /* clockwise turn that shows the picture upright: 0, 90, 180 or 270 */
    int32_t mirror;   /* 1: mirrored left-right after the rotation (selfie cameras) */
    int32_t roi_x;    /* region of interest, in displayed pixels: faces are */
    int32_t roi_y;    /* only looked for inside it; all four 0: everywhere */
    int32_t roi_width;
    int32_t roi_height;
} affect_image;

/* Fills in an image of one plane, upright, without region. Does not check anything: affect_read
 * does. */
AFFECT_API void affect_image_init(affect_image *image, affect_format format, const void *pixels,
                                  int32_t width, int32_t height, ptrdiff_t stride);

/* --------------------------------------------------------------------------------------- options
 */

/* Back ends. Results are the same bytes with any of them. */
typedef enum affect_cpu {
    AFFECT_CPU_PORTABLE = 0,
    AFFECT_CPU_AVX2 = 1 << 0,
    AFFECT_CPU_AVXVNNI = 1 << 1,
    AFFECT_CPU_AVX512VNNI = 1 << 2,
    AFFECT_CPU_NEON = 1 << 3,
    AFFECT_CPU_DOTPROD = 1 << 4,
    AFFECT_CPU_WASM_SIMD = 1 << 5
} affect_cpu;
#define AFFECT_CPU_ALL 0xFFFFFFFFu

/* The back ends this processor and this build have, as bits of affect_cpu. */
AFFECT_API uint32_t affect_cpu_flags(void);

/* The name of one back end bit ("avx2"; 0: "portable"), null when there is none. */
AFFECT_API const char *affect_cpu_name(uint32_t cpu_bit);

/* The networks of the library. */
typedef enum affect_model {
    AFFECT_MODEL_DETECTOR = 0,
    AFFECT_MODEL_LANDMARKS,
    AFFECT_MODEL_EYES,
    AFFECT_MODEL_EXPRESSION
} affect_model;
#define AFFECT_MODEL_COUNT 4

/* A network container (.affn) in memory; null data: the built-in one. */
typedef struct affect_container {
    const void *data;
    size_t size;
} affect_container;

/* Where the handle's memory comes from. Both functions or none. `allocate` returns memory aligned
 * as malloc's or null; `release` is never called with null. Called only in affect_open and
 * affect_close, from the thread that calls these. */
typedef struct affect_allocator {
    void *(*allocate)(void *context, size_t bytes);
    void (*release)(void *context, void *memory);
    void *context;
} affect_allocator;

typedef struct affect_box {
    float x, y;          /* left upper corner */
    float width, height; /* hairline to chin, ear to ear */
} affect_box;

/* Most seats and most tracks that are kept at once. */
#define AFFECT_SEAT_COUNT 8
#define AFFECT_TRACK_COUNT 32

/* Options of what is made of a video over time. Times in seconds, angles in degrees. The rule that
 * gives each default, and where it is known from, stands in docs/time.md. */
typedef struct affect_time_options {
    float detect_every;   /* search again so often while all tracks are held: 0.5 */
    float lost_after;     /* a face that is not seen so long is lost (event face_lost): 1 */
    float leave_after;    /* and so long: its track ends (event occupant_left): 5 */
    float gap;            /* a longer step between frames starts afresh (event time_gap): 2 */
    float long_closure;   /* eyes closed at least so long are no blink: 0.5 */
    float microsleep;     /* 1 */
    float sleep;          /* 3 */
    float unresponsive;   /* 6 */
    float closed_below;   /* share of the person's own openness below which eyes are closed: 0.5 */
    float perclos_window; /* seconds, 1..300: 60 */
    float yawn;           /* least duration of a yawn: 1.5 */
    float long_distraction;  /* one look off the road: 2 (Euro NCAP counts from 3) */
    float short_distraction; /* looks off the road add up to so much: 10 ... */
    float short_window;      /* ... within: 30 */
    float phone_look;        /* one look down at the lap: 1.5 */
    float phone_pitch;       /* head and eyes on average so far below straight ahead: 7.5 */
    float forward_yaw;       /* where straight ahead is, against the camera; NaN: is learnt */
    float forward_pitch;
    float forward_half_width;  /* of the zone that counts as the road: 20 */
    float forward_half_height; /* 15 */
    float tired_from;          /* drowsiness of the stage "tired": 0.3 */
    float drowsy_from;         /* and "drowsy": 0.6 */
    float mutual_gaze;         /* least duration of people's events: 0.5 */
    float shared_smile;        /* 0.5 */
    float looking_at_occupant; /* 1 */
    int32_t seat_count;        /* 0..AFFECT_SEAT_COUNT */
    affect_box seats[AFFECT_SEAT_COUNT]; /* regions in pixels; a face belongs to the first that
                                            holds its middle */
} affect_time_options;

/* Options of a handle. Fill with affect_options_init, then change what you like: fields that are
 * added later get their defaults from there. */
typedef struct affect_options {
    size_t size;         /* sizeof(affect_options), set by affect_options_init */
    uint32_t signals;    /* AFFECT_SIGNALS_DEFAULT */
    uint32_t cpu;        /* back ends that may be used, AFFECT_CPU_ALL */
    int32_t detect_size; /* longest side of the plane that is searched: 640; 64..4096. Frames are
                            reduced or, at most twice, enlarged to it: with small frames, a
                            smaller size saves time and loses the smallest faces */
    float threshold;    /* lowest score of a reported face, 0..1; NaN: the detector's own default */
    float overlap;      /* intersection over union above which the weaker of two boxes goes, 0..1;
                           NaN: the detector's own default */
    float min_face;     /* shorter side of the smallest reported box, in pixels of the picture: 0 */
    int32_t max_faces;  /* most faces a reading holds, best first: 32; 1..1024 */
    float focal_length; /* in pixels of the picture; NaN (default): unknown, no translation */
    float smoothing;    /* video: time constant in seconds of the filter on points and angles at
                           rest (it never lags by more than 2 % of the eyes' distance, 1 % for
                           lids, 2 degrees); 0: raw. Default 0.3 */
    affect_allocator allocator;                  /* malloc and free */
    affect_container models[AFFECT_MODEL_COUNT]; /* built-in networks */
    affect_time_options time;                    /* video: what is made of it over time */
    int32_t max_looks; /* most windows of a picture that are searched once more, enlarged or
                          reduced, because the first search is not sure of a face there: 24; 0
                          (never) ..1024.
                          A window costs as much as 128 x 128 pixels of the plane */
} affect_options;

/* Sets every field to its default. */
AFFECT_API void affect_options_init(affect_options *options);

/* -------------------------------------------------------------------------------------- readings
 */

typedef struct affect_point {
    float x, y;
} affect_point;

typedef struct affect_eye {
    float open;        /* 0 closed .. 1 as open as is usual; below 0.5: rather closed than open */
    float closed;      /* probability that the lids touch, 0..1 */
    affect_point iris; /* centre of the iris */
    float gaze_yaw;    /* degrees against the camera axis, not against the head */
    float gaze_pitch;
    float confidence; /* 0..1: falls for glare, dark glasses, hair, extreme yaw, tiny eyes */
} affect_eye;

/* Drowsiness stages of affect_person_state.drowsiness_stage. */
typedef enum affect_drowsiness {
    AFFECT_ALERT = 0,
    AFFECT_TIRED = 1,
    AFFECT_DROWSY = 2
} affect_drowsiness;

/* Why a signal cannot be trusted or read: bits of affect_person_state.degraded and
 * affect_reading_degraded. */
typedef enum affect_degraded {
    AFFECT_DEGRADED_DARK = 1 << 0,
    AFFECT_DEGRADED_OVEREXPOSED = 1 << 1,
    AFFECT_DEGRADED_BLURRED = 1 << 2,
    AFFECT_DEGRADED_COVERED = 1 << 3,     /* the picture shows nothing: a hand, a cap, a fault */
    AFFECT_DEGRADED_FRAME_RATE = 1 << 4,  /* below 15 frames a second: no blinks */
    AFFECT_DEGRADED_EYES_HIDDEN = 1 << 5, /* sunglasses, hair, glare: for 2 s no eye was read */
    AFFECT_DEGRADED_MOUTH_HIDDEN = 1 << 6 /* a mask, a hand: for 2 s no mouth was seen */
} affect_degraded;

/* What speaks for drowsiness: bits of affect_person_state.evidence. */
typedef enum affect_evidence {
    AFFECT_EVIDENCE_CLOSURES = 1 << 0, /* closures last long on average */
    AFFECT_EVIDENCE_PERCLOS = 1 << 1,
    AFFECT_EVIDENCE_MICROSLEEP = 1 << 2, /* microsleeps and long closures in the last minute */
    AFFECT_EVIDENCE_YAWNS = 1 << 3,
    AFFECT_EVIDENCE_NODS = 1 << 4
} affect_evidence;

/* What is known of one tracked person over time. */
typedef struct affect_person_state {
    float blink_rate;      /* blinks a minute over the last minute */
    float perclos;         /* share of known time with the eyes closed, 0..1 */
    float perclos_unknown; /* share of the same window in which the eyes were not seen */
    float mean_closure;    /* mean duration of closures in the window, seconds */
    float yawn_rate;       /* yawns a minute over the last five minutes */
    float drowsiness;      /* 0..1 */
    float attention;       /* 0..1: share of recent time in which head and eyes point forward */
    float engagement;      /* 0..1: how much the face moves away from neutral */
    float talking;         /* 0..1 */
    float eyes_off_road;   /* seconds since the gaze left the forward zone, 0 when inside */
    uint32_t blink_count;  /* since the track began */
    uint32_t yawn_count;
    int32_t drowsiness_stage; /* affect_drowsiness, or -1: not measured */
    float eyes_closed;        /* seconds since the eyes closed, 0 while they are open */
    float smiling;            /* 0..1 */
    float looking_down;       /* 0..1: gaze towards lap or phone */
    float blink_duration;     /* of the last blink, seconds; NaN before the first */
    float blink_amplitude;    /* share of the openness that went, 0..1 */
    float closing_speed;      /* share of the openness a second; from 60 frames a second on */
    float open_baseline;      /* this person's usual openness */
    float forward_yaw;        /* where straight ahead is for this person; NaN: not learnt yet */
    float forward_pitch;
    uint32_t nod_count; /* the head sank while the eyes were closed */
    uint32_t evidence;  /* bits of affect_evidence */
    uint32_t degraded;  /* bits of affect_degraded */
} affect_person_state;

/* One face. Fields are only ever added at the end, and programs only hold pointers. */
typedef struct affect_face {
    uint32_t measured; /* bits of affect_signal that were read for this face */
    uint32_t track;    /* video: number of the track, from 1; 0: none */
    int32_t seat;      /* index of the seat region, -1: none */
    affect_box box;
    float score; /* 0..1, how face-like; not a probability of anything else */
    affect_point points[5]; /* the person's right eye, left eye, nose tip, right, left mouth corner:
                             * of the landmarks where these are measured, else of the detector */
    affect_point landmarks[AFFECT_LANDMARK_COUNT]; /* iBUG-68 order */
    float visibility[AFFECT_LANDMARK_COUNT];       /* 0..1 for each landmark */
    float presence;         /* 0..1: there is a face in the crop and enough of it is seen */
    float inter_ocular;     /* distance of the outer eye corners, pixels */
    float yaw, pitch, roll; /* degrees */
    float pose_confidence;  /* 0..1 */
    float translation[3];   /* units of the inter-ocular distance; only with a focal length */
    affect_eye right_eye;   /* the person's own right: left in the picture */
    affect_eye left_eye;
    float gaze_yaw; /* the person's gaze: both eyes, against the camera axis */
    float gaze_pitch;
    float gaze_confidence;
    float expressions[AFFECT_EXPRESSION_COUNT]; /* 0..1 each, affect_expression order */
    float emotions[AFFECT_EMOTION_COUNT];       /* 0..1, sum 1, affect_emotion order */
    float valence;    /* -1 unpleasant .. 1 pleasant, derived: docs/expressions.md */
    float arousal;    /* -1 calm .. 1 excited, derived */
    float confidence; /* 0..1, of expressions and emotions */
    affect_person_state state;
} affect_face;

typedef enum affect_event_type {
    AFFECT_EVENT_BLINK = 1,
    AFFECT_EVENT_LONG_CLOSURE,
    AFFECT_EVENT_MICROSLEEP,
    AFFECT_EVENT_SLEEP,
    AFFECT_EVENT_UNRESPONSIVE,
    AFFECT_EVENT_YAWN,
    AFFECT_EVENT_LONG_DISTRACTION,
    AFFECT_EVENT_SHORT_DISTRACTIONS,
    AFFECT_EVENT_PHONE_LOOK,
    AFFECT_EVENT_DROWSINESS,
    AFFECT_EVENT_FACE_LOST,
    AFFECT_EVENT_CAMERA_BLOCKED,
    AFFECT_EVENT_OCCUPANT_ARRIVED,
    AFFECT_EVENT_OCCUPANT_LEFT,
    AFFECT_EVENT_MUTUAL_GAZE,
    AFFECT_EVENT_SHARED_SMILE,
    AFFECT_EVENT_LOOKING_AT_OCCUPANT,
    AFFECT_EVENT_TIME_GAP /* the time jumped: all that lasted was ended, tracks start afresh */
} affect_event_type;

/* Something that happened over time. Every event is told once when it ends; those that are a danger
 * while they last also once at their onset, with open = 1. */
typedef struct affect_event {
    affect_event_type type;
    uint32_t track;       /* whose; 0: nobody's */
    uint32_t other_track; /* of two people's events */
    int32_t seat;
    int32_t open; /* 1: still lasts */
    int64_t start_us;
    int64_t end_us; /* of an open event: the time of this frame */
    float confidence;
    uint32_t evidence; /* of drowsiness: bits of affect_evidence */
} affect_event;

typedef struct affect_reading affect_reading;

/* Size of the displayed picture (after rotation). */
AFFECT_API int32_t affect_reading_width(const affect_reading *reading);
AFFECT_API int32_t affect_reading_height(const affect_reading *reading);
/* The time given to affect_read, or AFFECT_STILL. */
AFFECT_API int64_t affect_reading_time(const affect_reading *reading);
/* Mean luma of the picture that was searched, 0..1. NaN when nothing was searched. */
AFFECT_API float affect_reading_brightness(const affect_reading *reading);
/* Faces of a picture: best score first; of a video: in the order of their tracks. A face is null
 * when the index is none. */
AFFECT_API uint32_t affect_reading_face_count(const affect_reading *reading);
AFFECT_API const affect_face *affect_reading_face(const affect_reading *reading, uint32_t index);
/* Of a video: bits of affect_degraded that hold for the whole picture. */
AFFECT_API uint32_t affect_reading_degraded(const affect_reading *reading);
/* Frames a second, measured over the last second or so; NaN for pictures and first frames. */
AFFECT_API float affect_reading_frame_rate(const affect_reading *reading);
/* Whether the detector searched this frame: 1 or 0. */
AFFECT_API int32_t affect_reading_searched(const affect_reading *reading);
/* Events of this frame. */
AFFECT_API uint32_t affect_reading_event_count(const affect_reading *reading);
AFFECT_API const affect_event *affect_reading_event(const affect_reading *reading, uint32_t index);

/* ---------------------------------------------------------------------------------------- reader
 */

typedef struct affect affect;

/* The time of a picture that belongs to no video. */
#define AFFECT_STILL INT64_MIN

/* Opens a reader. options null: defaults. On failure *reader is null.
 * AFFECT_ERR_ARGUMENT, AFFECT_ERR_MEMORY, AFFECT_ERR_MODEL, AFFECT_ERR_UNSUPPORTED. */
AFFECT_API affect_status affect_open(affect **reader, const affect_options *options);

/* Closes it and frees all its memory. Null is allowed. */
AFFECT_API void affect_close(affect *reader);

/* Forgets tracks and all that was learnt over time; the next time may be any. Events that are open
 * end unheard: affect_finish tells them. */
AFFECT_API affect_status affect_reset(affect *reader);

/* The end of a video: a reading without faces whose events are those that were still open, ended at
 * the last frame's time. Then as affect_reset. */
AFFECT_API affect_status affect_finish(affect *reader, const affect_reading **reading);

/* What was learnt of a tracked person (usual openness of the eyes, where straight ahead is), to be
 * given back in a later drive. It holds no picture and no features of a face: whose it is, the
 * caller must know. */
#define AFFECT_BASELINE_SIZE 32
AFFECT_API size_t affect_baseline_size(void);
/* AFFECT_ERR_ARGUMENT: null, a size too small, no such track now, or nothing learnt yet. */
AFFECT_API affect_status affect_baseline_save(const affect *reader, uint32_t track, void *blob,
                                              size_t size);
/* track 0: for the next track that begins. AFFECT_ERR_ARGUMENT: null, no such track, or bytes that
 * affect_baseline_save did not write. */
AFFECT_API affect_status affect_baseline_load(affect *reader, uint32_t track, const void *blob,
                                              size_t size);

/* Reads one picture or frame. time_us: microseconds, not before the last frame's, or AFFECT_STILL.
 * *reading is set on success only. AFFECT_ERR_ARGUMENT, AFFECT_ERR_IMAGE, AFFECT_ERR_TIME. */
AFFECT_API affect_status affect_read(affect *reader, const affect_image *image, int64_t time_us,
                                     const affect_reading **reading);

/* The same for faces that somebody else has found: no detection, one face for each box in their
 * order. At most max_faces boxes, finite, with positive sizes; they may reach over the border, and
 * a head may lie in its box turned by up to about 70 degrees: where the upright look finds no face,
 * ten others are tried (7.8 ms with AVX2, 4.8 with AVX-512 VNNI). The five points are those of the
 * landmark network; score is 1. */
AFFECT_API affect_status affect_read_boxes(affect *reader, const affect_image *image,
                                           int64_t time_us, const affect_box *boxes, uint32_t count,
                                           const affect_reading **reading);

/* Reads a picture that is one eye, framed from corner to corner with some margin. right_eye: 1 if
 * it is the person's own right eye, 0 for the left. Coordinates and angles as for a face that is
 * not turned. */
AFFECT_API affect_status affect_read_eye(affect *reader, const affect_image *image,
                                         int32_t right_eye, affect_eye *eye);

/* The back end in use, as one bit of affect_cpu (0: portable). */
AFFECT_API uint32_t affect_reader_cpu(const affect *reader);

/* Bytes the handle holds. */
AFFECT_API size_t affect_reader_memory(const affect *reader);

/* --------------------------------------------------------------------------------------- networks
 */

typedef struct affect_model_card {
    const char *name;       /* "detector" */
    uint32_t version[3];    /* major, minor, patch */
    size_t container_bytes; /* size of the built-in container; 0: left out of this build */
    uint32_t layers;
    int32_t input_width; /* 0: any */
    int32_t input_height;
    uint64_t operations; /* multiply-accumulates at that size; of the detector at 640x480 */
} affect_model_card;

/* Fills in what the built-in network is. AFFECT_ERR_ARGUMENT: no such model or null;
 * AFFECT_ERR_UNSUPPORTED: left out of this build. */
AFFECT_API affect_status affect_model_info(affect_model model, affect_model_card *card);

/* Runs the golden vector of a built-in network with the given back ends (bits of affect_cpu that
 * this processor has) and compares every layer's checksum with the trainer's. AFFECT_OK: all equal;
 * AFFECT_ERR_MODEL: one differs. */
AFFECT_API affect_status affect_self_test(affect_model model, uint32_t cpu);

#ifdef __cplusplus
}
#endif

#endif
