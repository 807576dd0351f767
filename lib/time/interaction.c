#include "time/interaction.h"

#include "maths.h"

/* A picture is taken to be as wide as this many focal lengths: a view of 60 degrees or so. */
#define WIDTH_OF_FOCAL 1.15f
/* Gaze may miss the other's face by so many degrees: depth is guessed from the faces' sizes, and
 * gaze of turned faces is read too small rather than too large. */
#define MISS_YAW 55.0f
#define MISS_PITCH 25.0f
/* Who looks at somebody beside them turns at least so far from the camera. */
#define LEAST_TURN 20.0f
/* A look that lasts may be so much worse before it ends. */
#define HYSTERESIS 6.0f
#define PAUSE 0.4f

/* Where a face is in the picture: across and away from the camera, in eye distances, and the angle
 * of the line on which the camera sees it, positive to the picture's right. */
typedef struct place {
    float across, away, line;
} place;

static place place_of(const af_signals *s, float width) {
    const float focal = width / WIDTH_OF_FOCAL;
    place p = {(s->x - width / 2) / s->size, focal / s->size, 0};
    p.line = af_atan2_degrees(p.across, p.away);
    return p;
}

int af_looks_at(const af_person *one, const af_person *other, float width, int looked) {
    const af_signals *a = &one->signals, *b = &other->signals;
    if (af_is_nan(a->yaw) || af_is_nan(one->look_yaw) || af_is_nan(a->size) || af_is_nan(b->size))
        return -1;
    const place mine = place_of(a, width), theirs = place_of(b, width);
    /* Angles against the camera axis. What is read of a face is against the line to the camera: who
     * sits at the right and looks along the axis seems to look to the right. */
    const float towards = af_atan2_degrees(theirs.across - mine.across, mine.away - theirs.away);
    const float yaw = one->look_yaw - mine.line;
    const float turned = towards > 0 ? yaw : -yaw;
    const float wanted = towards > 0 ? towards : -towards;
    const float slack = looked > 0 ? HYSTERESIS : 0;
    /* Of a pitch the eyes are not needed: beside oneself is level. */
    const float pitch = a->pitch < 0 ? -a->pitch : a->pitch;
    return turned >= LEAST_TURN - slack && turned >= wanted - MISS_YAW - slack &&
           turned <= wanted + MISS_YAW + slack && pitch <= MISS_PITCH + slack;
}

/* 1 if both, 0 if one does not, else unknown. */
static int both(int a, int b) {
    return a == 0 || b == 0 ? 0 : a < 0 || b < 0 ? -1 : 1;
}

static int but_not(int a, int b) {
    return a == 0 || b == 1 ? 0 : a < 0 || b < 0 ? -1 : 1;
}

/* One of a pair's events in this frame. */
typedef struct af_pair_frame {
    int64_t now_us;
    float sure; /* of both faces */
    af_events *events;
} af_pair_frame;

static void follow(af_span *span, int holds, float least, affect_event_type type, af_who who,
                   const af_pair_frame *frame) {
    const af_span_news news = af_span_update(span, holds, frame->now_us, least, PAUSE);
    if (holds > 0)
        af_span_sure(span, frame->sure);
    if (news == AF_SPAN_ENDED)
        af_events_add(frame->events, type, who, span->start_us, span->seen_us, 0,
                      af_span_confidence(span));
}

static float less_sure(const af_person *a, const af_person *b) {
    return a->signals.sure < b->signals.sure ? a->signals.sure : b->signals.sure;
}

void af_pair_update(af_pair *pair, af_one first, af_one second, float width,
                    const affect_time_options *o, int64_t now_us, af_events *events) {
    const int known = first.person && second.person;
    const int a = known ? af_looks_at(first.person, second.person, width, pair->first_looked) : -1;
    const int b = known ? af_looks_at(second.person, first.person, width, pair->second_looked) : -1;
    const int smile = known ? both(first.person->smiles, second.person->smiles) : -1;
    const af_pair_frame frame = {now_us, known ? less_sure(first.person, second.person) : 0,
                                 events};
    pair->first_looked = a;
    pair->second_looked = b;
    af_who one = first.who, two = second.who;
    one.other = two.track;
    two.other = one.track;
    follow(&pair->mutual, both(a, b), o->mutual_gaze, AFFECT_EVENT_MUTUAL_GAZE, one, &frame);
    follow(&pair->smile, smile, o->shared_smile, AFFECT_EVENT_SHARED_SMILE, one, &frame);
    follow(&pair->first_looks, but_not(a, b), o->looking_at_occupant,
           AFFECT_EVENT_LOOKING_AT_OCCUPANT, one, &frame);
    follow(&pair->second_looks, but_not(b, a), o->looking_at_occupant,
           AFFECT_EVENT_LOOKING_AT_OCCUPANT, two, &frame);
}

static void end(af_span *span, affect_event_type type, af_who who, af_events *events) {
    if (af_span_close(span))
        af_events_add(events, type, who, span->start_us, span->seen_us, 0,
                      af_span_confidence(span));
}

void af_pair_close(af_pair *pair, af_who first, af_who second, af_events *events) {
    first.other = second.track;
    second.other = first.track;
    end(&pair->mutual, AFFECT_EVENT_MUTUAL_GAZE, first, events);
    end(&pair->smile, AFFECT_EVENT_SHARED_SMILE, first, events);
    end(&pair->first_looks, AFFECT_EVENT_LOOKING_AT_OCCUPANT, first, events);
    end(&pair->second_looks, AFFECT_EVENT_LOOKING_AT_OCCUPANT, second, events);
}
