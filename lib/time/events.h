/* The events of one frame. */
#ifndef AF_TIME_EVENTS_H
#define AF_TIME_EVENTS_H

#include "common.h"

/* A frame can hardly bring more: some for each track, and pairs. What comes beyond is dropped. */
enum { AF_EVENTS = 512 };

typedef struct af_events {
    affect_event *list; /* AF_EVENTS of them */
    uint32_t count;
} af_events;

/* Whose an event is. */
typedef struct af_who {
    uint32_t track, other; /* 0: none */
    int32_t seat;          /* -1: none */
} af_who;

void af_events_add(af_events *events, affect_event_type type, af_who who, int64_t start_us,
                   int64_t end_us, int open, float confidence);

/* A condition that must hold for a while before it is an event, and must be gone for a while before
 * it has ended. Times are those of its first and last frame. */
typedef struct af_span {
    int64_t start_us; /* of the condition */
    int64_t seen_us;  /* when it last held */
    int32_t holds;
    int32_t raised; /* lasted long enough */
    float sure;     /* mean certainty while it held, of `samples` */
    int32_t samples;
} af_span;

/* What af_span_update tells. */
typedef enum af_span_news { AF_SPAN_NOTHING, AF_SPAN_RAISED, AF_SPAN_ENDED } af_span_news;

/* holds: 1, 0, or -1: unknown (the span goes on but does not grow; too long unknown ends it).
 * `least` and `pause`: seconds to be raised and to be ended. After AF_SPAN_ENDED start_us and
 * seen_us are the event's; the span is then ready for the next one. */
af_span_news af_span_update(af_span *span, int holds, int64_t now_us, float least, float pause);

/* The condition holds in this frame and is that sure; call it after af_span_update. */
void af_span_sure(af_span *span, float sure);

/* Mean certainty, 0..1; 1 when none was told. */
float af_span_confidence(const af_span *span);

/* Ends it now; 1 when an event was open. */
int af_span_close(af_span *span);

/* Seconds from a to b. */
static inline float af_seconds(int64_t from_us, int64_t to_us) {
    return (float)(to_us - from_us) * 1e-6f;
}

/* Microseconds of a duration in seconds, 0 .. 1e6 s. */
static inline int64_t af_microseconds(float seconds) {
    return (int64_t)((double)seconds * 1e6 + 0.5);
}

#endif
