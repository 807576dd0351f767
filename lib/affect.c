/* The handle: options, networks, memory, and the way of one frame through them. */
#include "affect/affect.h"

#include <string.h>

#include "common.h"
#include "cpu.h"
#include "face/detect.h"
#include "face/expression.h"
#include "face/eyes.h"
#include "face/geometry.h"
#include "face/landmarks.h"
#include "face/pose.h"
#include "image/image.h"
#include "maths.h"
#include "models/models.h"
#include "nn/nn.h"
#include "reading.h"
#include "time/time.h"

/* A face found with less presence than this gets no eyes, expressions or pose. */
#define LEAST_PRESENCE 0.25f

enum { MAX_HEADS = AF_DETECTOR_HEADS };

/* What a network of each kind must look like for the code here to use it. */
typedef struct network_kind {
    const char *name;
    int32_t side; /* of its square input; 0: any plane */
    int32_t heads;
    int32_t channels[MAX_HEADS];
    int32_t params; /* at least so many */
    uint32_t signals;
} network_kind;

enum {
    NEEDS_LANDMARKS = AFFECT_LANDMARKS | AFFECT_POSE | AFFECT_EYES | AFFECT_EXPRESSIONS |
                      AFFECT_EMOTIONS | AFFECT_STATE,
    NEEDS_EYES = AFFECT_EYES | AFFECT_STATE,
    READS_EXPRESSION = AFFECT_EXPRESSIONS | AFFECT_EMOTIONS,
    NEEDS_EXPRESSION = READS_EXPRESSION | AFFECT_STATE /* for yawns, speech and smiles */
};

static const network_kind kinds[AFFECT_MODEL_COUNT] = {
    {"detector", 0, AF_DETECTOR_HEADS, {16, 16, 6, 6, 10, 10}, AF_DETECTOR_PARAMS, ~0u},
    {"landmarks", AF_LANDMARKS_SIDE, 3, {136, 69, 6}, 0, NEEDS_LANDMARKS},
    {"eyes", AF_EYES_SIDE, 1, {8}, 0, NEEDS_EYES},
    {"expression", AF_EXPRESSION_SIDE, 3, {8, 20, 1}, 1, NEEDS_EXPRESSION},
};

struct affect {
    affect_options options;
    uint32_t cpu;
    af_model models[AFFECT_MODEL_COUNT];
    af_net *nets[AFFECT_MODEL_COUNT]; /* null: not needed for the signals */
    af_detector detector;
    float temperature; /* of the emotions' softmax */
    void *scratch;     /* for planes and crops */
    size_t memory;
    int64_t last_time;
    af_time time;
    affect_face *found; /* max_faces: what a search of a video's frame finds */
    affect_reading reading;
};

void affect_options_init(affect_options *options) {
    if (!options)
        return;
    memset(options, 0, sizeof *options);
    options->size = sizeof *options;
    options->signals = AFFECT_SIGNALS_DEFAULT;
    options->cpu = AFFECT_CPU_ALL;
    options->detect_size = 640;
    options->threshold = af_nan();
    options->overlap = af_nan();
    options->min_face = 0;
    options->max_faces = 32;
    options->max_looks = 24;
    options->focal_length = af_nan();
    options->smoothing = 0.3f;
    af_time_defaults(&options->time);
}

void affect_image_init(affect_image *image, affect_format format, const void *pixels, int32_t width,
                       int32_t height, ptrdiff_t stride) {
    if (!image)
        return;
    memset(image, 0, sizeof *image);
    image->size = sizeof *image;
    image->planes[0] = pixels;
    image->strides[0] = stride;
    image->width = width;
    image->height = height;
    image->format = format;
}

uint32_t affect_cpu_flags(void) {
    return af_cpu_detect();
}

/* NaN passes where it means "the default". */
static int share_or_nan(float value) {
    return af_is_nan(value) || (value >= 0 && value <= 1);
}

static affect_status check_options(const affect_options *o) {
    if (o->signals & ~(uint32_t)AFFECT_SIGNALS_ALL)
        return AFFECT_ERR_ARGUMENT;
    if (o->detect_size < 64 || o->detect_size > 4096 || o->max_faces < 1 || o->max_faces > 1024)
        return AFFECT_ERR_ARGUMENT;
    if (o->max_looks < 0 || o->max_looks > 1024)
        return AFFECT_ERR_ARGUMENT;
    if (!share_or_nan(o->threshold) || !share_or_nan(o->overlap))
        return AFFECT_ERR_ARGUMENT;
    if (!(o->min_face >= 0 && o->min_face <= 32768) || !(o->smoothing >= 0 && o->smoothing <= 60))
        return AFFECT_ERR_ARGUMENT;
    if (!af_is_nan(o->focal_length) && !(o->focal_length >= 1 && o->focal_length <= 1e6f))
        return AFFECT_ERR_ARGUMENT;
    if (!o->allocator.allocate != !o->allocator.release)
        return AFFECT_ERR_ARGUMENT;
    if (o->signals & ~affect_signals_available())
        return AFFECT_ERR_UNSUPPORTED;
    return af_time_check(&o->time);
}

static affect_container built_in(affect_model model) {
    affect_container c = {NULL, 0};
    switch (model) {
    case AFFECT_MODEL_DETECTOR:
        c.data = af_model_detector;
        c.size = af_model_detector_size;
        break;
    case AFFECT_MODEL_LANDMARKS:
        c.data = af_model_landmarks;
        c.size = af_model_landmarks_size;
        break;
    case AFFECT_MODEL_EYES:
        c.data = af_model_eyes;
        c.size = af_model_eyes_size;
        break;
    case AFFECT_MODEL_EXPRESSION:
        c.data = af_model_expression;
        c.size = af_model_expression_size;
        break;
    }
    return c;
}

/* Whether the opened network has the input, heads and parameters of its kind. */
static affect_status check_kind(const network_kind *kind, const af_model *model, af_net *net,
                                int32_t width, int32_t height) {
    if (strcmp(model->name, kind->name) != 0 || model->heads != kind->heads ||
        model->params < kind->params)
        return AFFECT_ERR_MODEL;
    af_net_input(net, width, height);
    for (int32_t h = 0; h < kind->heads; h++) {
        const af_head head = af_net_head(net, h);
        if (head.channels != kind->channels[h] ||
            (kind->side && (head.width != 1 || head.height != 1)))
            return AFFECT_ERR_MODEL;
    }
    return AFFECT_OK;
}

static affect_status open_network(affect *reader, affect_model which) {
    const network_kind *kind = &kinds[which];
    affect_container c = reader->options.models[which];
    if (!c.data)
        c = built_in(which);
    af_model *model = &reader->models[which];
    affect_status status = af_model_parse(model, c.data, c.size);
    if (status != AFFECT_OK)
        return status;
    int32_t side = kind->side;
    if (!side) {
        const int32_t step = model->step;
        side = (reader->options.detect_size + step - 1) / step * step;
    }
    if (kind->side ? model->width != side || model->height != side : model->width != 0)
        return AFFECT_ERR_MODEL;
    /* One network runs at a time: all share the detector's planes. */
    status = af_net_open(&reader->nets[which], model, reader->cpu, side, side,
                         reader->nets[AFFECT_MODEL_DETECTOR], &reader->options.allocator);
    if (status != AFFECT_OK)
        return status;
    reader->memory += af_net_memory(reader->nets[which]);
    return check_kind(kind, model, reader->nets[which], side, side);
}

static void *take(affect *reader, size_t bytes) {
    reader->memory += bytes;
    return af_allocate(&reader->options.allocator, bytes);
}

/* Strides must be finite and positive: they become divisors of nothing, but scales of boxes. */
static affect_status set_up_detector(affect *reader) {
    const af_model *model = &reader->models[AFFECT_MODEL_DETECTOR];
    const affect_options *o = &reader->options;
    af_detector *d = &reader->detector;
    d->net = reader->nets[AFFECT_MODEL_DETECTOR];
    d->detect_size = o->detect_size;
    d->step = model->step;
    d->looks = o->max_looks;
    d->min_face = o->min_face;
    d->threshold = af_is_nan(o->threshold) ? af_model_param(model, 0) : o->threshold;
    d->overlap = af_is_nan(o->overlap) ? af_model_param(model, 1) : o->overlap;
    if (!(d->threshold >= 0 && d->threshold <= 1) || !(d->overlap >= 0 && d->overlap <= 1))
        return AFFECT_ERR_MODEL;
    for (int i = 0; i < AF_DETECTOR_LEVELS; i++) {
        d->strides[i] = af_model_param(model, 2 + i);
        if (!(d->strides[i] >= 1 && d->strides[i] <= 256) || !(af_detect_level(d, i).stride > 0))
            return AFFECT_ERR_MODEL;
    }
    d->candidates = take(reader, AF_DETECT_CANDIDATES * sizeof(af_candidate));
    d->seen = take(reader, AF_DETECT_CANDIDATES * sizeof(af_candidate));
    d->scratch = reader->scratch;
    return d->candidates && d->seen ? AFFECT_OK : AFFECT_ERR_MEMORY;
}

static affect_status set_up(affect *reader) {
    const affect_options *o = &reader->options;
    reader->scratch = take(reader, AF_CROP_SCRATCH(AF_LANDMARKS_SIDE));
    reader->reading.faces = take(reader, (size_t)o->max_faces * sizeof(affect_face));
    reader->found = take(reader, (size_t)o->max_faces * sizeof(affect_face));
    if (!reader->scratch || !reader->reading.faces || !reader->found)
        return AFFECT_ERR_MEMORY;
    if (af_time_open(&reader->time, o, &reader->memory) != AFFECT_OK)
        return AFFECT_ERR_MEMORY;
    reader->reading.events = reader->time.events.list;
    for (int m = 0; m < AFFECT_MODEL_COUNT; m++) {
        if (m != AFFECT_MODEL_DETECTOR && !(o->signals & kinds[m].signals))
            continue;
        const affect_status status = open_network(reader, (affect_model)m);
        if (status == AFFECT_ERR_MODEL && m == AFFECT_MODEL_EXPRESSION && !o->models[m].data &&
            !(o->signals & READS_EXPRESSION)) {
            /* Left out of this build: states take mouth and smile from the landmarks. */
            af_net_close(reader->nets[m], &o->allocator);
            reader->nets[m] = NULL;
            continue;
        }
        if (status != AFFECT_OK)
            return status;
    }
    reader->time.has_landmarks = reader->nets[AFFECT_MODEL_LANDMARKS] != NULL;
    reader->temperature = 1;
    if (reader->nets[AFFECT_MODEL_EXPRESSION]) {
        reader->temperature = af_model_param(&reader->models[AFFECT_MODEL_EXPRESSION], 0);
        if (!(reader->temperature > 0.01f && reader->temperature < 100))
            return AFFECT_ERR_MODEL;
    }
    return set_up_detector(reader);
}

affect_status affect_open(affect **reader, const affect_options *options) {
    if (!reader)
        return AFFECT_ERR_ARGUMENT;
    *reader = NULL;
    affect_options o;
    affect_options_init(&o);
    if (options) {
        if (options->size < sizeof o)
            return AFFECT_ERR_ARGUMENT;
        o = *options;
        o.size = sizeof o;
    }
    const affect_status checked = check_options(&o);
    if (checked != AFFECT_OK)
        return checked;
    if (!o.allocator.allocate)
        o.allocator = af_malloc_allocator;
    affect *opened = af_allocate(&o.allocator, sizeof *opened);
    if (!opened)
        return AFFECT_ERR_MEMORY;
    opened->options = o;
    opened->cpu = o.cpu & af_cpu_detect();
    opened->memory = sizeof *opened;
    opened->last_time = AFFECT_STILL;
    const affect_status status = set_up(opened);
    if (status != AFFECT_OK) {
        affect_close(opened);
        return status;
    }
    *reader = opened;
    return AFFECT_OK;
}

void affect_close(affect *reader) {
    if (!reader)
        return;
    const affect_allocator allocator = reader->options.allocator;
    for (int m = 0; m < AFFECT_MODEL_COUNT; m++)
        af_net_close(reader->nets[m], &allocator);
    af_release(&allocator, reader->detector.candidates);
    af_release(&allocator, reader->detector.seen);
    af_release(&allocator, reader->reading.faces);
    af_release(&allocator, reader->found);
    af_time_close(&reader->time, &allocator);
    af_release(&allocator, reader->scratch);
    af_release(&allocator, reader);
}

affect_status affect_reset(affect *reader) {
    if (!reader)
        return AFFECT_ERR_ARGUMENT;
    reader->last_time = AFFECT_STILL;
    af_time_reset(&reader->time);
    return AFFECT_OK;
}

/* Landmarks and pose of one face, as far as needed. */
static void read_landmarks(affect *reader, const af_view *view, affect_face *face, int given) {
    af_net *const landmarks = reader->nets[AFFECT_MODEL_LANDMARKS];
    if (!landmarks)
        return;
    uint32_t bits = af_landmarks_read(landmarks, view, reader->scratch, face, given);
    if (bits & AFFECT_LANDMARKS) {
        if (given || face->presence >= LEAST_PRESENCE) /* nearer than the detector's */
            af_geometry_five_of_68(face->landmarks, face->points);
        else
            bits &= AFFECT_LANDMARKS;
    }
    face->measured = bits;
    if ((bits & AFFECT_POSE) && !af_is_nan(reader->options.focal_length))
        af_pose_translation(face, reader->options.focal_length, view->width, view->height);
}

/* Eyes, and of the expression network what `wanted` says, of a face whose landmarks were read. */
static void read_rest(affect *reader, const af_view *view, affect_face *face, int given,
                      uint32_t wanted) {
    if (!(face->measured & AFFECT_LANDMARKS) || (!given && face->presence < LEAST_PRESENCE))
        return;
    if (reader->nets[AFFECT_MODEL_EYES])
        face->measured |=
            af_eyes_read(reader->nets[AFFECT_MODEL_EYES], view, reader->scratch, face);
    if (reader->nets[AFFECT_MODEL_EXPRESSION] && wanted)
        face->measured |= af_expression_read(reader->nets[AFFECT_MODEL_EXPRESSION], view,
                                             reader->scratch, face, wanted, reader->temperature);
}

/* All that was asked for of one face of a picture. */
static void read_face(affect *reader, const af_view *view, affect_face *face, int given) {
    read_landmarks(reader, view, face, given);
    read_rest(reader, view, face, given, reader->options.signals & READS_EXPRESSION);
    af_face_hide(face, reader->options.signals);
}

/* The faces of a frame whose landmarks were read: the rest of each, then time over all. */
static void end_frame(affect *reader, const af_view *view, uint32_t count, int given) {
    affect_reading *const r = &reader->reading;
    const uint32_t signals = reader->options.signals;
    for (uint32_t i = 0; i < count; i++) {
        uint32_t wanted = signals & READS_EXPRESSION;
        if (!wanted && (signals & AFFECT_STATE) && af_time_wants_expressions(&reader->time, i))
            wanted = AFFECT_EXPRESSIONS;
        read_rest(reader, view, &r->faces[i], given, wanted);
    }
    af_time_end(&reader->time, r->faces, &count, (float)view->width, given);
    for (uint32_t i = 0; i < count; i++)
        af_face_hide(&r->faces[i], signals);
    r->face_count = count;
    r->event_count = reader->time.events.count;
    r->degraded = reader->time.degraded;
    r->frame_rate = reader->time.rate;
}

/* A frame of a video: faces are carried from the last one by their landmarks; the picture is
 * searched only when that is not enough. */
static affect_status read_frame(affect *reader, const af_view *view) {
    affect_reading *const r = &reader->reading;
    af_time *const time = &reader->time;
    const uint32_t most = (uint32_t)af_min(reader->options.max_faces, AFFECT_TRACK_COUNT);
    for (uint32_t i = 0; i < most; i++)
        af_face_clear(&r->faces[i]);
    uint32_t count = af_time_predict(time, r->faces);
    for (uint32_t i = 0; i < count; i++)
        read_landmarks(reader, view, &r->faces[i], 0);
    if (af_time_carry(time, r->faces, &count, (float)view->width, (float)view->height)) {
        for (uint32_t i = 0; i < most; i++)
            af_face_clear(&reader->found[i]);
        uint32_t found = 0;
        if (af_detect(&reader->detector, view, reader->found, most, &found, &r->brightness) !=
            AFFECT_OK)
            return AFFECT_ERR_IMAGE;
        r->searched = 1;
        const uint32_t carried = count;
        count = af_time_find(time, r->faces, carried, reader->found, found, most, 0);
        for (uint32_t i = 0; i < count; i++)
            if (!r->faces[i].measured)
                read_landmarks(reader, view, &r->faces[i], 0);
    }
    end_frame(reader, view, count, 0);
    return AFFECT_OK;
}

/* What both ways of reading share: checks, then an empty reading of this picture. */
static affect_status begin(affect *reader, const affect_image *image, int64_t time_us,
                           af_view *view) {
    const affect_status status = af_view_open(view, image, reader->cpu);
    if (status != AFFECT_OK)
        return status;
    if (time_us != AFFECT_STILL && time_us < reader->last_time)
        return AFFECT_ERR_TIME;
    if (time_us != AFFECT_STILL)
        reader->last_time = time_us;
    affect_reading *r = &reader->reading;
    r->width = view->width;
    r->height = view->height;
    r->time_us = time_us;
    r->brightness = af_nan();
    r->face_count = r->event_count = r->degraded = 0;
    r->frame_rate = af_nan();
    r->searched = 0;
    if (time_us != AFFECT_STILL)
        af_time_begin(&reader->time, view, time_us);
    return AFFECT_OK;
}

affect_status affect_read(affect *reader, const affect_image *image, int64_t time_us,
                          const affect_reading **reading) {
    if (!reader || !image || !reading)
        return AFFECT_ERR_ARGUMENT;
    af_view view;
    const affect_status status = begin(reader, image, time_us, &view);
    if (status != AFFECT_OK)
        return status;
    affect_reading *r = &reader->reading;
    if (time_us != AFFECT_STILL) {
        const affect_status read = read_frame(reader, &view);
        if (read == AFFECT_OK)
            *reading = r;
        return read;
    }
    const uint32_t most = (uint32_t)reader->options.max_faces;
    for (uint32_t i = 0; i < most; i++)
        af_face_clear(&r->faces[i]);
    uint32_t found = 0;
    const affect_status searched =
        af_detect(&reader->detector, &view, r->faces, most, &found, &r->brightness);
    if (searched != AFFECT_OK)
        return AFFECT_ERR_IMAGE;
    r->searched = 1;
    r->face_count = found;
    for (uint32_t i = 0; i < r->face_count; i++)
        read_face(reader, &view, &r->faces[i], 0);
    *reading = r;
    return AFFECT_OK;
}

static int valid_box(const affect_box *box) {
    const float far = 1e6f;
    return box->x > -far && box->x < far && box->y > -far && box->y < far && box->width > 0 &&
           box->width < far && box->height > 0 && box->height < far;
}

affect_status affect_read_boxes(affect *reader, const affect_image *image, int64_t time_us,
                                const affect_box *boxes, uint32_t count,
                                const affect_reading **reading) {
    if (!reader || !image || !reading || (count && !boxes) ||
        count > (uint32_t)reader->options.max_faces)
        return AFFECT_ERR_ARGUMENT;
    for (uint32_t i = 0; i < count; i++)
        if (!valid_box(&boxes[i]))
            return AFFECT_ERR_ARGUMENT;
    af_view view;
    const affect_status status = begin(reader, image, time_us, &view);
    if (status != AFFECT_OK)
        return status;
    affect_reading *r = &reader->reading;
    const int still = time_us == AFFECT_STILL;
    affect_face *const faces = still ? r->faces : reader->found;
    for (uint32_t i = 0; i < count; i++) {
        af_face_clear(&faces[i]);
        faces[i].box = boxes[i];
        faces[i].score = 1;
        if (still)
            read_face(reader, &view, &faces[i], 1);
        else
            read_landmarks(reader, &view, &faces[i], 1);
    }
    r->face_count = count;
    if (!still)
        end_frame(reader, &view, af_time_find(&reader->time, r->faces, 0, faces, count, count, 1),
                  1);
    *reading = r;
    return AFFECT_OK;
}

affect_status affect_finish(affect *reader, const affect_reading **reading) {
    if (!reader || !reading)
        return AFFECT_ERR_ARGUMENT;
    affect_reading *r = &reader->reading;
    af_time_finish(&reader->time);
    r->face_count = r->degraded = 0;
    r->searched = 0;
    r->frame_rate = r->brightness = af_nan();
    r->time_us = reader->last_time;
    const uint32_t told = reader->time.events.count;
    (void)affect_reset(reader);
    r->event_count = told;
    *reading = r;
    return AFFECT_OK;
}

size_t affect_baseline_size(void) {
    return AFFECT_BASELINE_SIZE;
}

affect_status affect_baseline_save(const affect *reader, uint32_t track, void *blob, size_t size) {
    if (!reader || !blob || size < AFFECT_BASELINE_SIZE)
        return AFFECT_ERR_ARGUMENT;
    return af_time_baseline_save(&reader->time, track, blob) ? AFFECT_OK : AFFECT_ERR_ARGUMENT;
}

affect_status affect_baseline_load(affect *reader, uint32_t track, const void *blob, size_t size) {
    if (!reader || !blob || size < AFFECT_BASELINE_SIZE)
        return AFFECT_ERR_ARGUMENT;
    return af_time_baseline_load(&reader->time, track, blob) ? AFFECT_OK : AFFECT_ERR_ARGUMENT;
}

affect_status affect_read_eye(affect *reader, const affect_image *image, int32_t right_eye,
                              affect_eye *eye) {
    if (!reader || !image || !eye || right_eye < 0 || right_eye > 1)
        return AFFECT_ERR_ARGUMENT;
    if (!reader->nets[AFFECT_MODEL_EYES])
        return AFFECT_ERR_UNSUPPORTED;
    af_view view;
    const affect_status status = af_view_open(&view, image, reader->cpu);
    if (status != AFFECT_OK)
        return status;
    affect_eye seen;
    if (!af_eyes_read_picture(reader->nets[AFFECT_MODEL_EYES], &view, reader->scratch, right_eye,
                              &seen))
        return AFFECT_ERR_IMAGE;
    *eye = seen;
    return AFFECT_OK;
}

uint32_t affect_reader_cpu(const affect *reader) {
    return reader ? af_net_cpu(reader->nets[AFFECT_MODEL_DETECTOR]) : AFFECT_CPU_PORTABLE;
}

size_t affect_reader_memory(const affect *reader) {
    return reader ? reader->memory : 0;
}

affect_status affect_model_info(affect_model which, affect_model_card *card) {
    if (!card || (int)which < 0 || (int)which >= AFFECT_MODEL_COUNT)
        return AFFECT_ERR_ARGUMENT;
    const affect_container c = built_in(which);
    af_model model;
    const affect_status status = af_model_parse(&model, c.data, c.size);
    if (status != AFFECT_OK)
        return status;
    card->name = kinds[which].name;
    for (int i = 0; i < 3; i++)
        card->version[i] = model.version[i];
    card->container_bytes = c.size;
    card->layers = (uint32_t)model.layers;
    card->input_width = model.width;
    card->input_height = model.height;
    card->operations = af_model_operations(&model, model.width ? model.width : 640,
                                           model.height ? model.height : 480);
    return AFFECT_OK;
}

affect_status affect_self_test(affect_model which, uint32_t cpu) {
    if ((int)which < 0 || (int)which >= AFFECT_MODEL_COUNT || (cpu & ~af_cpu_detect()))
        return AFFECT_ERR_ARGUMENT;
    const affect_container c = built_in(which);
    af_model model;
    affect_status status = af_model_parse(&model, c.data, c.size);
    if (status != AFFECT_OK)
        return status;
    af_net *net = NULL;
    status = af_net_open(&net, &model, cpu, model.golden_width, model.golden_height, NULL,
                         &af_malloc_allocator);
    if (status != AFFECT_OK)
        return status;
    status = af_net_check_golden(net) == 0 ? AFFECT_OK : AFFECT_ERR_MODEL;
    af_net_close(net, &af_malloc_allocator);
    return status;
}
