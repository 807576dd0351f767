/* Names and counts of the public interface, so that bindings need no tables of their own. */
#include "common.h"

#define STRING_(x) #x
#define STRING(x) STRING_(x)

const char *affect_version(void) {
    return STRING(AFFECT_VERSION_MAJOR) "." STRING(AFFECT_VERSION_MINOR) "." STRING(
        AFFECT_VERSION_PATCH);
}

uint32_t affect_version_number(void) {
    return AFFECT_VERSION_MAJOR * 1000000 + AFFECT_VERSION_MINOR * 1000 + AFFECT_VERSION_PATCH;
}

const char *affect_status_text(affect_status status) {
    switch (status) {
    case AFFECT_OK:
        return "no error";
    case AFFECT_ERR_ARGUMENT:
        return "an argument is null or out of its range";
    case AFFECT_ERR_MEMORY:
        return "out of memory";
    case AFFECT_ERR_MODEL:
        return "a network container is damaged or of another kind";
    case AFFECT_ERR_IMAGE:
        return "size, stride, format or region make no valid picture";
    case AFFECT_ERR_TIME:
        return "the time runs backwards";
    case AFFECT_ERR_UNSUPPORTED:
        return "this build leaves out what was asked for";
    }
    return "unknown status";
}

/* Index of the only bit set, or -1. */
static int bit_index(uint32_t bit) {
    if (bit == 0 || (bit & (bit - 1)))
        return -1;
    int index = 0;
    while (!(bit & 1)) {
        bit >>= 1;
        index++;
    }
    return index;
}

static const char *pick(const char *const *names, int count, int64_t index) {
    return index >= 0 && index < count ? names[index] : NULL;
}

const char *affect_signal_name(uint32_t signal_bit) {
    static const char *const names[] = {"landmarks", "pose",  "eyes",   "expressions",
                                        "emotions",  "state", "objects"};
    return pick(names, 7, bit_index(signal_bit));
}

uint32_t affect_signals_available(void) {
#ifdef AF_NO_EMOTIONS
    return AFFECT_SIGNALS_ALL & ~(uint32_t)AFFECT_EMOTIONS;
#else
    return AFFECT_SIGNALS_ALL;
#endif
}

uint32_t affect_landmark_count(void) {
    return AFFECT_LANDMARK_COUNT;
}

uint32_t affect_expression_count(void) {
    return AFFECT_EXPRESSION_COUNT;
}

const char *affect_expression_name(uint32_t index) {
    static const char *const names[AFFECT_EXPRESSION_COUNT] = {
        "brow_furrow", "brow_raise",     "inner_brow_raise",
        "cheek_raise", "chin_raise",     "dimpler",
        "eye_closure", "eye_widen",      "lid_tighten",
        "jaw_drop",    "mouth_open",     "lip_corner_depressor",
        "lip_press",   "lip_pucker",     "lip_stretch",
        "lip_suck",    "nose_wrinkle",   "smile",
        "smirk",       "upper_lip_raise"};
    return pick(names, AFFECT_EXPRESSION_COUNT, index);
}

uint32_t affect_emotion_count(void) {
    return AFFECT_EMOTION_COUNT;
}

const char *affect_emotion_name(uint32_t index) {
    static const char *const names[AFFECT_EMOTION_COUNT] = {
        "neutral", "happiness", "surprise", "sadness", "anger", "disgust", "fear", "contempt"};
    return pick(names, AFFECT_EMOTION_COUNT, index);
}

const char *affect_event_name(uint32_t type) {
    static const char *const names[] = {"blink",
                                        "long_closure",
                                        "microsleep",
                                        "sleep",
                                        "unresponsive",
                                        "yawn",
                                        "long_distraction",
                                        "short_distractions",
                                        "phone_look",
                                        "drowsiness",
                                        "face_lost",
                                        "camera_blocked",
                                        "occupant_arrived",
                                        "occupant_left",
                                        "mutual_gaze",
                                        "shared_smile",
                                        "looking_at_occupant",
                                        "time_gap"};
    return pick(names, 18, (int64_t)type - 1);
}

const char *affect_cpu_name(uint32_t cpu_bit) {
    static const char *const names[] = {"avx2", "avxvnni", "avx512vnni",
                                        "neon", "dotprod", "wasm_simd"};
    return cpu_bit == AFFECT_CPU_PORTABLE ? "portable" : pick(names, 6, bit_index(cpu_bit));
}
