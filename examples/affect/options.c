/* Reads the command line. */
#include "tool.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char usage[] =
    "usage: affect COMMAND [options] INPUT...\n"
    "\n"
    "  read       faces as JSON, one line a picture (also CSV, or a table)\n"
    "  draw       the pictures with what was read drawn on them (-o OUT)\n"
    "  blur       the pictures with every face made unrecognisable (-o OUT)\n"
    "  watch      a video or camera: live lines, events, a summary\n"
    "  info       version, processor, back ends, networks\n"
    "  self-test  the networks' golden vectors on every back end of this processor\n"
    "\n"
    "INPUT: pictures (JPEG, PNG, BMP, PGM, PPM, TGA), folders, - for a list of paths on\n"
    "standard input, @list.txt for one in a file.\n"
    "\n"
    "  --signals LIST     landmarks,pose,eyes,expressions,emotions,state; all; none\n"
    "                     (only boxes and five points); default landmarks,pose,eyes\n"
    "  --threshold 0..1   lowest score of a face\n"
    "  --detect-size N    longest side of the plane that is searched, 64..4096 (640)\n"
    "  --min-face PX      shorter side of the smallest face\n"
    "  --max-faces N      most faces of a picture, best first (32)\n"
    "  --max-looks N      most places of a picture looked at again (24); 0: faster\n"
    "  --boxes FILE       JSON lines with given boxes instead of a search:\n"
    "                     {\"file\":\"a.jpg\",\"boxes\":[[x,y,w,h],...]}, or what `read` wrote\n"
    "  --face-crop        each picture is one face: no search, always one face\n"
    "  --eye-crop         each picture is one eye: eyes.left.open alone (read)\n"
    "  --threads N        pictures in parallel (1)\n"
    "  --cpu NAME         back end: portable, avx2, ... (the best)\n"
    "  --no-exif          do not turn pictures as their EXIF orientation says\n"
    "  --format FORMAT    json, csv or table (read)\n"
    "  --time             add timings (read: json and table)\n"
    "  --style STYLE      pixelate, blur or box (blur)\n"
    "  -o, --output OUT   a .png or .jpg, or a folder for several pictures (draw, blur)\n"
    "  --quiet            no progress, no list of files written\n"
    "\n"
    "watch INPUT: .avi (MJPEG), .y4m, - for either on standard input, /dev/video0, a folder of\n"
    "numbered pictures. For example: ffmpeg -i film.mp4 -f yuv4mpegpipe - | affect watch -\n"
    "\n"
    "  --json             one object a frame\n"
    "  --events           one object an event, nothing else\n"
    "  --summary          with these: one more object at the end\n"
    "  --draw OUT.avi     the video with what was read drawn on it (MJPEG)\n"
    "  --fps N            frames a second, where the input does not say or is wrong\n"
    "  --raw WxH          standard input is raw grey frames of this size\n"
    "  --smoothing S      time constant of points and angles in seconds; 0: raw (0.3)\n"
    "  --seat NAME=X,Y,W,H  a region of the picture, so that events say who\n"
    "  --baseline FILE    what is known of the first person: read if there, written at the end\n"
    "  --set NAME=VALUE   a threshold in time, such as microsleep=1.5; all in docs/time.md\n"
    "  --version, --help\n"
    "\n"
    "Exit code: 0 all read, 1 some inputs failed, 2 usage, 3 out of memory or internal.\n";

enum option_id {
    OPTION_SIGNALS,
    OPTION_THRESHOLD,
    OPTION_DETECT_SIZE,
    OPTION_MIN_FACE,
    OPTION_MAX_FACES,
    OPTION_MAX_LOOKS,
    OPTION_BOXES,
    OPTION_FACE_CROP,
    OPTION_EYE_CROP,
    OPTION_THREADS,
    OPTION_CPU,
    OPTION_NO_EXIF,
    OPTION_FORMAT,
    OPTION_TIME,
    OPTION_STYLE,
    OPTION_OUTPUT,
    OPTION_QUIET,
    OPTION_JSON,
    OPTION_EVENTS,
    OPTION_SUMMARY,
    OPTION_DRAW,
    OPTION_RATE,
    OPTION_RAW,
    OPTION_SMOOTHING,
    OPTION_SEAT,
    OPTION_BASELINE,
    OPTION_SET
};

enum { PICTURES = COMMAND_READ | COMMAND_DRAW | COMMAND_BLUR, READERS = PICTURES | COMMAND_WATCH };

struct option {
    const char *name;
    enum option_id id;
    bool has_value;
    unsigned commands;
};

static const struct option option_table[] = {
    {"--signals", OPTION_SIGNALS, true, COMMAND_READ | COMMAND_DRAW | COMMAND_WATCH},
    {"--threshold", OPTION_THRESHOLD, true, READERS},
    {"--detect-size", OPTION_DETECT_SIZE, true, READERS},
    {"--min-face", OPTION_MIN_FACE, true, READERS},
    {"--max-faces", OPTION_MAX_FACES, true, READERS},
    {"--max-looks", OPTION_MAX_LOOKS, true, READERS},
    {"--boxes", OPTION_BOXES, true, PICTURES},
    {"--face-crop", OPTION_FACE_CROP, false, PICTURES},
    {"--eye-crop", OPTION_EYE_CROP, false, COMMAND_READ},
    {"--threads", OPTION_THREADS, true, PICTURES},
    {"--cpu", OPTION_CPU, true, READERS | COMMAND_SELF_TEST},
    {"--no-exif", OPTION_NO_EXIF, false, PICTURES},
    {"--format", OPTION_FORMAT, true, COMMAND_READ},
    {"--time", OPTION_TIME, false, COMMAND_READ | COMMAND_WATCH},
    {"--style", OPTION_STYLE, true, COMMAND_BLUR},
    {"--output", OPTION_OUTPUT, true, COMMAND_DRAW | COMMAND_BLUR},
    {"-o", OPTION_OUTPUT, true, COMMAND_DRAW | COMMAND_BLUR},
    {"--quiet", OPTION_QUIET, false, READERS | COMMAND_INFO | COMMAND_SELF_TEST},
    {"--json", OPTION_JSON, false, COMMAND_WATCH},
    {"--events", OPTION_EVENTS, false, COMMAND_WATCH},
    {"--summary", OPTION_SUMMARY, false, COMMAND_WATCH},
    {"--draw", OPTION_DRAW, true, COMMAND_WATCH},
    {"--fps", OPTION_RATE, true, COMMAND_WATCH},
    {"--raw", OPTION_RAW, true, COMMAND_WATCH},
    {"--smoothing", OPTION_SMOOTHING, true, COMMAND_WATCH},
    {"--seat", OPTION_SEAT, true, COMMAND_WATCH},
    {"--baseline", OPTION_BASELINE, true, COMMAND_WATCH},
    {"--set", OPTION_SET, true, COMMAND_WATCH},
};
enum { OPTION_COUNT = sizeof option_table / sizeof *option_table };

static const struct {
    const char *name;
    enum command command;
} command_table[] = {{"read", COMMAND_READ}, {"draw", COMMAND_DRAW},
                     {"blur", COMMAND_BLUR}, {"watch", COMMAND_WATCH},
                     {"info", COMMAND_INFO}, {"self-test", COMMAND_SELF_TEST}};
enum { COMMAND_COUNT = sizeof command_table / sizeof *command_table };

static bool usage_error(const char *what, const char *value) {
    fprintf(stderr, "affect: %s%s%s\nTry `affect --help`.\n", what, value ? " " : "",
            value ? value : "");
    return false;
}

/* Edits (one character more, less or other) from a to b; long words count as far apart. */
static size_t distance(const char *a, const char *b) {
    enum { LONGEST = 31 };
    size_t row[LONGEST + 1];
    const size_t length = strlen(b);
    if (strlen(a) > LONGEST || length > LONGEST)
        return LONGEST;
    for (size_t j = 0; j <= length; j++)
        row[j] = j;
    for (size_t i = 0; a[i]; i++) {
        size_t diagonal = row[0];
        row[0] = i + 1;
        for (size_t j = 0; j < length; j++) {
            const size_t change = diagonal + (a[i] != b[j]);
            const size_t other = (row[j] < row[j + 1] ? row[j] : row[j + 1]) + 1;
            diagonal = row[j + 1];
            row[j + 1] = change < other ? change : other;
        }
    }
    return row[length];
}

static bool unknown(const char *kind, const char *word, const char *nearest, size_t edits) {
    if (edits > 3 || edits >= strlen(word))
        nearest = NULL;
    fprintf(stderr, "affect: unknown %s `%s`%s%s%s\nTry `affect --help`.\n", kind, word,
            nearest ? "; did you mean `" : "", nearest ? nearest : "", nearest ? "`?" : "");
    return false;
}

static bool read_number(const char *name, const char *value, double least, double most, bool whole,
                        double *number) {
    char *end;
    *number = strtod(value, &end);
    if (*value && !*end && strspn(value, "0123456789.eE+-") == strlen(value) && *number >= least &&
        *number <= most && (!whole || *number == (double)(long)*number))
        return true;
    fprintf(stderr, "affect: %s takes a %snumber from %g to %g, not `%s`\n", name,
            whole ? "whole " : "", least, most, value);
    return false;
}

static bool read_signals(struct options *options, const char *list) {
    options->reader.signals = 0;
    for (const char *at = list; *at;) {
        const size_t length = strcspn(at, ",");
        uint32_t bits = 0;
        bool known = false;
        if (length == 3 && memcmp(at, "all", 3) == 0) {
            bits = affect_signals_available();
            known = true;
        } else if (length == 4 && memcmp(at, "none", 4) == 0) {
            known = true;
        }
        for (uint32_t bit = 1; !known && bit < AFFECT_SIGNALS_ALL; bit <<= 1) {
            const char *const name = affect_signal_name(bit);
            if (name && strlen(name) == length && memcmp(at, name, length) == 0) {
                bits = bit;
                known = true;
            }
        }
        if (!known)
            return usage_error("--signals knows landmarks, pose, eyes, expressions, emotions, "
                               "state, all and none; not",
                               list);
        options->reader.signals |= bits;
        at += length + (at[length] == ',');
    }
    return *list != '\0' || usage_error("--signals needs a list", NULL);
}

static bool read_cpu(struct options *options, const char *name) {
    const char *const portable = affect_cpu_name(AFFECT_CPU_PORTABLE);
    if (portable && strcmp(name, portable) == 0) {
        options->reader.cpu = AFFECT_CPU_PORTABLE;
        return true;
    }
    for (uint32_t bit = 1; bit; bit <<= 1) {
        const char *const known = affect_cpu_name(bit);
        if (!known || strcmp(name, known) != 0)
            continue;
        if (!(affect_cpu_flags() & bit))
            return usage_error("this processor or this build has no back end", name);
        options->reader.cpu = bit;
        return true;
    }
    return usage_error("there is no back end called", name);
}

/* Finds a word in a list; -1 and a usage error when it is not there. */
static int read_word(const char *option, const char *value, const char *const words[3]) {
    for (int i = 0; i < 3; i++)
        if (strcmp(value, words[i]) == 0)
            return i;
    fprintf(stderr, "affect: %s takes %s, %s or %s, not `%s`\n", option, words[0], words[1],
            words[2], value);
    return -1;
}

static bool apply_number(struct options *options, const struct option *option, const char *value) {
    double number;
    switch (option->id) {
    case OPTION_THRESHOLD:
        if (!read_number(option->name, value, 0, 1, false, &number))
            return false;
        options->reader.threshold = (float)number;
        return true;
    case OPTION_DETECT_SIZE:
        if (!read_number(option->name, value, 64, 4096, true, &number))
            return false;
        options->reader.detect_size = (int32_t)number;
        return true;
    case OPTION_MIN_FACE:
        if (!read_number(option->name, value, 0, PICTURE_MAX_SIDE, false, &number))
            return false;
        options->reader.min_face = (float)number;
        return true;
    case OPTION_MAX_FACES:
        if (!read_number(option->name, value, 1, 1024, true, &number))
            return false;
        options->reader.max_faces = (int32_t)number;
        options->max_faces_given = true;
        return true;
    case OPTION_MAX_LOOKS:
        if (!read_number(option->name, value, 0, 1024, true, &number))
            return false;
        options->reader.max_looks = (int32_t)number;
        return true;
    default: /* OPTION_THREADS */
        if (!read_number(option->name, value, 1, 256, true, &number))
            return false;
        options->threads = (int)number;
        return true;
    }
}

/* NAME=VALUE for the times and angles of affect_time_options. */
static bool read_setting(affect_time_options *time, const char *value) {
    static const struct {
        const char *name;
        size_t offset;
    } settings[] = {
#define SETTING(field) {#field, offsetof(affect_time_options, field)}
        SETTING(detect_every),
        SETTING(lost_after),
        SETTING(leave_after),
        SETTING(gap),
        SETTING(long_closure),
        SETTING(microsleep),
        SETTING(sleep),
        SETTING(unresponsive),
        SETTING(closed_below),
        SETTING(perclos_window),
        SETTING(yawn),
        SETTING(long_distraction),
        SETTING(short_distraction),
        SETTING(short_window),
        SETTING(phone_look),
        SETTING(phone_pitch),
        SETTING(forward_yaw),
        SETTING(forward_pitch),
        SETTING(forward_half_width),
        SETTING(forward_half_height),
        SETTING(tired_from),
        SETTING(drowsy_from),
        SETTING(mutual_gaze),
        SETTING(shared_smile),
        SETTING(looking_at_occupant)};
#undef SETTING
    const size_t length = strcspn(value, "=");
    for (size_t i = 0; i < sizeof settings / sizeof *settings; i++) {
        if (strlen(settings[i].name) != length || memcmp(settings[i].name, value, length) != 0)
            continue;
        double number;
        if (value[length] != '=')
            return usage_error("--set takes NAME=VALUE, not", value);
        if (!read_number("--set", value + length + 1, -3600, 3600, false, &number))
            return false;
        *(float *)((char *)time + settings[i].offset) = (float)number;
        return true;
    }
    return usage_error("--set knows no", value);
}

/* NAME=X,Y,W,H */
static bool read_seat(struct options *options, const char *value) {
    affect_time_options *const time = &options->reader.time;
    const char *at = strchr(value, '=');
    float numbers[4];
    if (time->seat_count == AFFECT_SEAT_COUNT)
        return usage_error("too many seats", NULL);
    for (int i = 0; i < 4; i++) {
        char *end = NULL;
        numbers[i] = at ? strtof(at + 1, &end) : 0;
        if (!at || at == value || end == at + 1 || *end != (i < 3 ? ',' : '\0'))
            return usage_error("--seat takes NAME=X,Y,WIDTH,HEIGHT in pixels, not", value);
        at = end;
    }
    time->seats[time->seat_count] = (affect_box){numbers[0], numbers[1], numbers[2], numbers[3]};
    options->watch.seats[time->seat_count++] = value;
    options->watch.seat_count = time->seat_count;
    return (numbers[2] > 0 && numbers[3] > 0) || usage_error("an empty seat:", value);
}

static bool read_size(struct watch_options *watch, const char *value) {
    char *end;
    const long width = strtol(value, &end, 10);
    const long height = *end == 'x' ? strtol(end + 1, &end, 10) : 0;
    if (*end || width < 1 || height < 1 || width > PICTURE_MAX_SIDE || height > PICTURE_MAX_SIDE)
        return usage_error("--raw takes WIDTHxHEIGHT, not", value);
    watch->raw_width = (int)width;
    watch->raw_height = (int)height;
    return true;
}

static bool apply_watch(struct options *options, const struct option *option, const char *value) {
    struct watch_options *const watch = &options->watch;
    double number;
    switch (option->id) {
    case OPTION_JSON:
        return watch->json = true;
    case OPTION_EVENTS:
        return watch->events = true;
    case OPTION_SUMMARY:
        return watch->summary = true;
    case OPTION_DRAW:
        watch->draw = value;
        return true;
    case OPTION_RATE:
        return read_number(option->name, value, 0.1, 1000, false, &watch->rate);
    case OPTION_RAW:
        return read_size(watch, value);
    case OPTION_SMOOTHING:
        if (!read_number(option->name, value, 0, 60, false, &number))
            return false;
        options->reader.smoothing = (float)number;
        return true;
    case OPTION_SEAT:
        return read_seat(options, value);
    case OPTION_BASELINE:
        watch->baseline = value;
        return true;
    default: /* OPTION_SET */
        return read_setting(&options->reader.time, value);
    }
}

static bool apply(struct options *options, const struct option *option, const char *value) {
    if (option->id >= OPTION_JSON)
        return apply_watch(options, option, value);
    static const char *const formats[3] = {"json", "csv", "table"};
    static const char *const styles[3] = {"pixelate", "blur", "box"};
    int word;
    switch (option->id) {
    case OPTION_SIGNALS:
        return read_signals(options, value);
    case OPTION_CPU:
        return read_cpu(options, value);
    case OPTION_FORMAT:
        word = read_word(option->name, value, formats);
        options->format = word < 0 ? FORMAT_JSON : (enum format)word;
        return word >= 0;
    case OPTION_STYLE:
        word = read_word(option->name, value, styles);
        options->style = word < 0 ? BLUR_PIXELATE : (enum blur_style)word;
        return word >= 0;
    case OPTION_BOXES:
        options->boxes = value;
        return true;
    case OPTION_OUTPUT:
        options->output = value;
        return *value != '\0' || usage_error("--output needs a name", NULL);
    case OPTION_FACE_CROP:
        return options->face_crop = true;
    case OPTION_EYE_CROP:
        return options->eye_crop = true;
    case OPTION_NO_EXIF:
        return options->no_exif = true;
    case OPTION_TIME:
        return options->time = true;
    case OPTION_QUIET:
        return options->quiet = true;
    default:
        return apply_number(options, option, value);
    }
}

/* Takes the option at argv[*at], and its value, which may follow after `=`. */
static bool take_option(struct options *options, char **argv, int argc, int *at) {
    const char *const word = argv[*at];
    const char *const equals = word[1] == '-' ? strchr(word, '=') : NULL;
    const size_t length = equals ? (size_t)(equals - word) : strlen(word);
    const char *nearest = NULL;
    size_t edits = SIZE_MAX;
    for (size_t i = 0; i < OPTION_COUNT; i++) {
        const struct option *const option = &option_table[i];
        if (strlen(option->name) != length || memcmp(option->name, word, length) != 0) {
            const size_t away = distance(word, option->name);
            if (away < edits) {
                edits = away;
                nearest = option->name;
            }
            continue;
        }
        if (!(option->commands & options->command)) {
            fprintf(stderr, "affect: %s is not an option of `%s`\nTry `affect --help`.\n",
                    option->name, argv[1]);
            return false;
        }
        if (!option->has_value)
            return equals ? usage_error("no value goes with", option->name)
                          : apply(options, option, NULL);
        if (equals)
            return apply(options, option, equals + 1);
        if (*at + 1 >= argc)
            return usage_error("a value is missing after", word);
        return apply(options, option, argv[++*at]);
    }
    return unknown("option", word, nearest, edits);
}

static bool find_command(struct options *options, const char *word) {
    const char *nearest = NULL;
    size_t edits = SIZE_MAX;
    for (size_t i = 0; i < COMMAND_COUNT; i++) {
        const size_t away = distance(word, command_table[i].name);
        if (away == 0) {
            options->command = command_table[i].command;
            return true;
        }
        if (away < edits) {
            edits = away;
            nearest = command_table[i].name;
        }
    }
    return unknown(word[0] == '-' ? "option" : "command", word, nearest, edits);
}

/* What goes together and what does not. */
static bool check(const struct options *options) {
    if (!(options->command & READERS))
        return options->input_count == 0 ||
               usage_error("no input is expected here:", options->inputs[0]);
    if (options->command == COMMAND_WATCH && options->input_count == 0)
        return usage_error("which video? An INPUT is missing.", NULL);
    if (options->watch.json && options->watch.events)
        return usage_error("--json and --events exclude each other", NULL);
    if (options->input_count == 0)
        return usage_error("which pictures? An INPUT is missing.", NULL);
    if ((options->boxes != NULL) + options->face_crop + options->eye_crop > 1)
        return usage_error("--boxes, --face-crop and --eye-crop exclude each other", NULL);
    if (options->eye_crop && options->format != FORMAT_JSON)
        return usage_error("--eye-crop writes JSON alone", NULL);
    if ((options->command & (COMMAND_DRAW | COMMAND_BLUR)) && !options->output)
        return usage_error("where to? -o OUT is missing.", NULL);
    return true;
}

bool options_read(struct options *options, int argc, char **argv, int *exit_code) {
    *exit_code = EXIT_USAGE;
    *options = (struct options){.threads = 1};
    affect_options_init(&options->reader);
    if (argc < 2) {
        fputs(usage, stderr);
        return false;
    }
    bool only_inputs = false;
    for (int i = 1; i < argc && !only_inputs; i++) {
        if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0) {
            fputs(usage, stdout);
            *exit_code = EXIT_ALL_READ;
            return false;
        }
        only_inputs = strcmp(argv[i], "--") == 0;
    }
    if (strcmp(argv[1], "--version") == 0) {
        printf("affect %s\n", affect_version());
        *exit_code = EXIT_ALL_READ;
        return false;
    }
    if (!find_command(options, argv[1]))
        return false;
    if (options->command == COMMAND_WATCH)
        options->reader.signals |= AFFECT_EXPRESSIONS | AFFECT_STATE;
    /* The inputs are gathered at the front of what has been read of argv. */
    options->inputs = argv + 2;
    only_inputs = false;
    for (int i = 2; i < argc; i++) {
        char *const word = argv[i];
        if (!only_inputs && strcmp(word, "--") == 0)
            only_inputs = true;
        else if (only_inputs || word[0] != '-' || word[1] == '\0')
            options->inputs[options->input_count++] = word;
        else if (!take_option(options, argv, argc, &i))
            return false;
    }
    if (options->command == COMMAND_BLUR)
        options->reader.signals = 0;
    return check(options);
}
