/* Two people: who looks at whom, and smiles that are shared. */
#ifndef AF_TIME_INTERACTION_H
#define AF_TIME_INTERACTION_H

#include "time/person.h"

typedef struct af_pair {
    af_span mutual, smile;
    af_span first_looks, second_looks;   /* at the other, who does not look back */
    int32_t first_looked, second_looked; /* in the last frame, as af_looks_at */
} af_pair;

/* One of the two: the state machines and whose they are. */
typedef struct af_one {
    const af_person *person; /* null: not seen in this frame */
    af_who who;
} af_one;

/* width: of the picture, pixels. Events are filed under the first; whether people smile and look is
 * taken from the last frame of each. */
void af_pair_update(af_pair *pair, af_one first, af_one second, float width,
                    const affect_time_options *options, int64_t now_us, af_events *events);

void af_pair_close(af_pair *pair, af_who first, af_who second, af_events *events);

/* 1: `one` looks towards `other`, 0: not, -1: unknown. looked: what it said of the last frame. */
int af_looks_at(const af_person *one, const af_person *other, float width, int looked);

#endif
