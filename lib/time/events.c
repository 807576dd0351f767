#include "time/events.h"

void af_events_add(af_events *events, affect_event_type type, af_who who, int64_t start_us,
                   int64_t end_us, int open, float confidence) {
    if (events->count == AF_EVENTS)
        return;
    affect_event *e = &events->list[events->count++];
    e->type = type;
    e->track = who.track;
    e->other_track = who.other;
    e->seat = who.seat;
    e->open = open;
    e->start_us = start_us;
    e->end_us = end_us;
    e->confidence = af_clampf(confidence, 0, 1);
    e->evidence = 0;
}

af_span_news af_span_update(af_span *span, int holds, int64_t now_us, float least, float pause) {
    if (holds > 0) {
        if (!span->holds) {
            span->start_us = now_us;
            span->sure = 0;
            span->samples = 0;
        }
        span->holds = 1;
        span->seen_us = now_us;
        if (!span->raised && now_us - span->start_us >= af_microseconds(least)) {
            span->raised = 1;
            return AF_SPAN_RAISED;
        }
        return AF_SPAN_NOTHING;
    }
    const float patience = holds < 0 ? pause + 0.5f : pause;
    if (!span->holds || now_us - span->seen_us <= af_microseconds(patience))
        return AF_SPAN_NOTHING;
    span->holds = 0;
    if (!span->raised)
        return AF_SPAN_NOTHING;
    span->raised = 0;
    return AF_SPAN_ENDED;
}

void af_span_sure(af_span *span, float sure) {
    if (!span->holds || span->samples == INT32_MAX)
        return;
    span->samples++;
    span->sure += (sure - span->sure) / (float)span->samples;
}

float af_span_confidence(const af_span *span) {
    return span->samples ? span->sure : 1;
}

int af_span_close(af_span *span) {
    const int was = span->raised;
    span->holds = span->raised = 0;
    return was;
}
