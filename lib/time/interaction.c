#include "time/interaction.h"

#include "maths.h"

/* A picture is taken to be as wide as this many focal lengths: a view of 60 degrees or so. */
#define WIDTH_OF_FOCAL 1.15f
/* Gaze may miss the other's face by so many degrees: depth is guessed from the faces' sizes, and
 * gaze of turned faces is read too small rather than too large. */
#define MISS_YAW 60.0f
#define MISS_PITCH 25.0f
/* Who looks at somebody beside them turns at least so far from the camera. */
#define LEAST_TURN 20.0f
#define SMILE 0.5f
#define PAUSE 0.4f

/* Where the other is: an angle against the camera axis, as gaze: positive to the picture's right.
 */
static float direction_to(const af_signals *one, const af_signals *other, float width) {
    const float focal = width / WIDTH_OF_FOCAL;
    /* In eye distances: across, and towards the camera. */
    const float x1 = (one->x - width / 2) / one->size, z1 = focal / one->size;
    const float x2 = (other->x - width / 2) / other->size, z2 = focal / other->size;
    const float across = x2 - x1, nearer = z1 - z2;
    return af_atan2_degrees(across, nearer);
}

int af_looks_at(const af_person *one, const af_person *other, float width) {
    const af_signals *a = &one->signals, *b = &other->signals;
    if (af_is_nan(a->yaw) || af_is_nan(one->look_yaw) || af_is_nan(a->size) || af_is_nan(b->size))
        return -1;
    const float towards = direction_to(a, b, width);
    const float yaw = one->look_yaw;
    const float turned = towards > 0 ? yaw : -yaw;
    const float wanted = towards > 0 ? towards : -towards;
    /* Of a pitch the eyes are not needed: beside oneself is level. */
    const float pitch = a->pitch < 0 ? -a->pitch : a->pitch;
    return turned >= LEAST_TURN && turned >= wanted - MISS_YAW && turned <= wanted + MISS_YAW &&
           pitch <= MISS_PITCH;
}

static int smiles(const af_person *p) {
    return af_is_nan(p->smile) ? -1 : p->smile >= SMILE;
}

/* 1 if both, 0 if one does not, else unknown. */
static int both(int a, int b) {
    return a == 0 || b == 0 ? 0 : a < 0 || b < 0 ? -1 : 1;
}

static int but_not(int a, int b) {
    return a == 0 || b == 1 ? 0 : a < 0 || b < 0 ? -1 : 1;
}

static void follow(af_span *span, int holds, float least, affect_event_type type, af_who who,
                   int64_t now_us, af_events *events) {
    if (af_span_update(span, holds, now_us, least, PAUSE) == AF_SPAN_ENDED)
        af_events_add(events, type, who, span->start_us, span->seen_us, 0, 1);
}

void af_pair_update(af_pair *pair, af_one first, af_one second, float width,
                    const affect_time_options *o, int64_t now_us, af_events *events) {
    const int known = first.person && second.person;
    const int a = known ? af_looks_at(first.person, second.person, width) : -1;
    const int b = known ? af_looks_at(second.person, first.person, width) : -1;
    const int smile = known ? both(smiles(first.person), smiles(second.person)) : -1;
    af_who one = first.who, two = second.who;
    one.other = two.track;
    two.other = one.track;
    follow(&pair->mutual, both(a, b), o->mutual_gaze, AFFECT_EVENT_MUTUAL_GAZE, one, now_us,
           events);
    follow(&pair->smile, smile, o->shared_smile, AFFECT_EVENT_SHARED_SMILE, one, now_us, events);
    follow(&pair->first_looks, but_not(a, b), o->looking_at_occupant,
           AFFECT_EVENT_LOOKING_AT_OCCUPANT, one, now_us, events);
    follow(&pair->second_looks, but_not(b, a), o->looking_at_occupant,
           AFFECT_EVENT_LOOKING_AT_OCCUPANT, two, now_us, events);
}

static void end(af_span *span, affect_event_type type, af_who who, af_events *events) {
    if (af_span_close(span))
        af_events_add(events, type, who, span->start_us, span->seen_us, 0, 1);
}

void af_pair_close(af_pair *pair, af_who first, af_who second, af_events *events) {
    first.other = second.track;
    second.other = first.track;
    end(&pair->mutual, AFFECT_EVENT_MUTUAL_GAZE, first, events);
    end(&pair->smile, AFFECT_EVENT_SHARED_SMILE, first, events);
    end(&pair->first_looks, AFFECT_EVENT_LOOKING_AT_OCCUPANT, first, events);
    end(&pair->second_looks, AFFECT_EVENT_LOOKING_AT_OCCUPANT, second, events);
}
