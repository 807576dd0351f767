/* State machines over time on scripted series: each edge, each reset. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "series.h"
#include "time/interaction.h"

static run r;
static uint32_t seed;

static float noise(float size) {
    seed = seed * 1664525u + 1013904223u;
    return size * ((float)(seed >> 8) / 8388608.0f - 1);
}

/* ------------------------------------------------------------------------------------- closures */

/* Awake for a while, closed for so long, awake again. */
static void close_for(float rate, float seconds) {
    run_begin(&r, rate);
    hold(&r, awake(), 3);
    hold(&r, closed_eyes(), seconds);
    hold(&r, awake(), 2);
}

static void a_blink_is_counted_once(void **state) {
    (void)state;
    close_for(30, 0.2f);
    assert_int_equal(count_of(&r, AFFECT_EVENT_BLINK, 0), 1);
    assert_int_equal(r.told.count, 1);
    assert_int_equal(r.person.blink.count, 1);
    assert_in_range(1000 * r.person.blink.duration, 120, 320);
    assert_true(r.person.blink.amplitude > 0.9f);
}

static void ends_are_found_between_frames(void **state) {
    (void)state;
    /* Lids that fall and rise in a straight line over 100 ms. At any frame rate and phase the times
     * stay within a third of a frame. */
    for (int phase = 0; phase < 10; phase++) {
        run_begin(&r, 25);
        hold(&r, awake(), 3);
        const float start = af_seconds(0, r.now_us) + 0.004f * (float)phase;
        float first = -1, last = -1;
        for (int i = 0; i < 60; i++) {
            const float t = af_seconds(0, r.now_us) - start;
            af_signals s = awake();
            float down = t < 0 ? 0 : t < 0.1f ? t / 0.1f : t < 1.2f ? 1 : 1 - (t - 1.2f) / 0.1f;
            down = down < 0 ? 0 : down;
            s.open = 0.96f * (1 - down);
            frame(&r, &s);
        }
        const affect_event e = last_of(&r, AFFECT_EVENT_MICROSLEEP, 0);
        first = af_seconds(0, e.start_us) - start;
        last = af_seconds(0, e.end_us) - start - 1.2f;
        /* The event reaches from the first movement of the lids to their last. */
        assert_true(first > -0.09f && first < 0.06f);
        assert_true(last > 0.04f && last < 0.19f);
    }
}

static void durations_have_names(void **state) {
    (void)state;
    static const struct {
        float seconds;
        affect_event_type type;
    } cases[] = {{0.10f, AFFECT_EVENT_BLINK},        {0.40f, AFFECT_EVENT_BLINK},
                 {0.60f, AFFECT_EVENT_LONG_CLOSURE}, {0.90f, AFFECT_EVENT_LONG_CLOSURE},
                 {1.10f, AFFECT_EVENT_MICROSLEEP},   {2.50f, AFFECT_EVENT_MICROSLEEP},
                 {3.20f, AFFECT_EVENT_SLEEP},        {6.30f, AFFECT_EVENT_UNRESPONSIVE}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        close_for(30, cases[i].seconds);
        const affect_event e = last_of(&r, cases[i].type, 0);
        assert_int_equal(e.type, cases[i].type);
        assert_true(fabsf(length_of(e) - cases[i].seconds) < 0.25f);
        for (int type = (int)cases[i].type + 1; type <= AFFECT_EVENT_UNRESPONSIVE; type++)
            assert_int_equal(count_of(&r, (affect_event_type)type, 0), 0);
    }
}

static void alarms_are_raised_while_it_lasts(void **state) {
    (void)state;
    run_begin(&r, 30);
    hold(&r, awake(), 3);
    const int64_t begin = r.now_us;
    hold(&r, closed_eyes(), 7);
    static const affect_event_type types[] = {AFFECT_EVENT_MICROSLEEP, AFFECT_EVENT_SLEEP,
                                              AFFECT_EVENT_UNRESPONSIVE};
    static const float after[] = {1, 3, 6};
    for (int i = 0; i < 3; i++) {
        assert_int_equal(count_of(&r, types[i], 1), 1);
        const affect_event e = last_of(&r, types[i], 1);
        assert_true(fabsf(af_seconds(begin, e.end_us) - after[i]) < 0.1f);
    }
    /* The milder ones have ended, the gravest lasts. */
    assert_int_equal(count_of(&r, AFFECT_EVENT_MICROSLEEP, 0), 1);
    assert_int_equal(count_of(&r, AFFECT_EVENT_SLEEP, 0), 1);
    assert_int_equal(count_of(&r, AFFECT_EVENT_UNRESPONSIVE, 0), 0);
    af_person_close(&r.person, r.now_us, r.who, &r.events);
    keep_events(&r);
    assert_int_equal(count_of(&r, AFFECT_EVENT_UNRESPONSIVE, 0), 1);
}

static void unknown_is_never_closed(void **state) {
    (void)state;
    run_begin(&r, 30);
    hold(&r, awake(), 12);
    af_signals s = awake();
    s.open = s.gaze_yaw = s.gaze_pitch = NAN;
    hold(&r, s, 5);
    hold(&r, awake(), 1);
    assert_int_equal(r.told.count, 0);
    affect_person_state state_now;
    af_person_state(&r.person, 30, 0, &r.options, r.now_us, &state_now);
    assert_true(state_now.perclos == 0);
    assert_true(fabsf(state_now.perclos_unknown - 5.0f / 18) < 0.02f);
    /* Eyes that vanish while they are closed: the alarm ends where they were last seen. */
    hold(&r, closed_eyes(), 1.5f);
    hold(&r, s, 3);
    const affect_event e = last_of(&r, AFFECT_EVENT_MICROSLEEP, 0);
    assert_true(length_of(e) < 1.8f && length_of(e) > 1.2f);
    assert_int_equal(count_of(&r, AFFECT_EVENT_SLEEP, 1), 0);
}

static void slow_frames_tell_no_blinks(void **state) {
    (void)state;
    run_begin(&r, 10);
    for (int i = 0; i < 10; i++) {
        hold(&r, awake(), 2);
        hold(&r, closed_eyes(), 0.2f);
    }
    assert_int_equal(count_of(&r, AFFECT_EVENT_BLINK, 0), 0);
    affect_person_state s;
    af_person_state(&r.person, 10, AFFECT_DEGRADED_FRAME_RATE, &r.options, r.now_us, &s);
    assert_true(isnan(s.blink_rate));
    hold(&r, awake(), 2);
    hold(&r, closed_eyes(), 1.5f);
    hold(&r, awake(), 1);
    assert_int_equal(count_of(&r, AFFECT_EVENT_MICROSLEEP, 0), 1);
}

/* Someone sleeps, with so many frames of something else between, and still sleeps once. */
static void sleeps_once(const af_signals *between, int frames, float seconds_after) {
    run_begin(&r, 30);
    hold(&r, awake(), 3);
    hold(&r, closed_eyes(), 0.8f);
    for (int i = 0; i < frames; i++)
        frame(&r, between);
    hold(&r, closed_eyes(), seconds_after);
    hold(&r, awake(), 1);
    assert_int_equal(count_of(&r, AFFECT_EVENT_MICROSLEEP, 0), 1);
    assert_int_equal(count_of(&r, AFFECT_EVENT_LONG_CLOSURE, 0), 0);
}

static void flicker_is_one_closure(void **state) {
    (void)state;
    af_signals half = closed_eyes();
    half.open = 0.7f;
    sleeps_once(&half, 1, 0.8f);
}

static void a_wink_is_no_blink(void **state) {
    (void)state;
    static affect_face face;
    memset(&face, 0, sizeof face);
    face.measured = AFFECT_LANDMARKS | AFFECT_POSE | AFFECT_EYES;
    face.inter_ocular = 80;
    face.right_eye.open = 0.02f;
    face.left_eye.open = 0.95f;
    af_signals s;
    af_signals_of_face(&s, &face);
    assert_true(s.open > 0.9f);
    /* Of a head that is turned to its left only the right eye counts. */
    face.yaw = 40;
    af_signals_of_face(&s, &face);
    assert_true(s.open < 0.1f);
    face.yaw = -40;
    af_signals_of_face(&s, &face);
    assert_true(s.open > 0.9f);
}

static void an_unsure_eye_does_not_split_a_blink(void **state) {
    (void)state;
    run_begin(&r, 30);
    hold(&r, awake(), 3);
    static const float sure[6] = {0.49f, 0.57f, 0.27f, 0.55f, 0.6f, 0.41f};
    for (int i = 0; i < 6; i++) { /* one eye is closed for certain, the other wavers */
        static affect_face face;
        memset(&face, 0, sizeof face);
        face.measured = AFFECT_LANDMARKS | AFFECT_POSE | AFFECT_EYES;
        face.inter_ocular = 80;
        face.left_eye.open = 0.01f;
        face.left_eye.confidence = 0.98f;
        face.right_eye.open = 0.75f;
        face.right_eye.confidence = sure[i];
        af_signals s;
        af_signals_of_face(&s, &face);
        frame(&r, &s);
    }
    hold(&r, awake(), 1);
    assert_int_equal(count_of(&r, AFFECT_EVENT_BLINK, 0), 1);
}

/* Open eyes with noise that dip to `least` for so many frames, twelve times; blinks found. */
static uint32_t dips(float least, int frames, float spread, float turn) {
    run_begin(&r, 30);
    seed = 3;
    for (int i = 0; i < 12 * 90; i++) {
        af_signals s = awake();
        const int at = i % 90 - 60;
        if (i > 90 && at >= 0 && at < frames)
            s.open = least;
        if (i > 90 && at >= 0 && at < 20)
            s.yaw = s.gaze_yaw = turn * (float)(at < 10 ? at : 20 - at);
        s.open += noise(spread);
        frame(&r, &s);
    }
    return r.person.blink.count;
}

static void shallow_blinks_stand_out_of_the_noise(void **state) {
    (void)state;
    assert_int_equal(dips(0.70f, 5, 0.02f, 0), 11); /* eyes behind glasses */
    assert_true(last_of(&r, AFFECT_EVENT_BLINK, 0).confidence < 0.6f);
    assert_true(fabsf(length_of(last_of(&r, AFFECT_EVENT_BLINK, 0)) - 0.24f) < 0.08f);
    assert_int_equal(dips(0.70f, 5, 0.12f, 0), 0);  /* noise as large */
    assert_int_equal(dips(0.85f, 5, 0.02f, 0), 0);  /* too little */
    assert_int_equal(dips(0.70f, 1, 0.02f, 0), 0);  /* a single frame */
    assert_int_equal(dips(0.70f, 25, 0.02f, 0), 0); /* too long */
    assert_int_equal(dips(0.70f, 5, 0.02f, 3), 0);  /* while the head turns */
    assert_int_equal(dips(0.45f, 4, 0.02f, 0), 11); /* closed, but not by much */
    assert_int_equal(dips(0.02f, 5, 0.02f, 0), 11); /* each is one blink, not two */
}

static void half_closed_eyes_that_look_down_are_awake(void **state) {
    (void)state;
    run_begin(&r, 30);
    hold(&r, awake(), 3);
    af_signals s = awake();
    s.pitch = -10;
    s.gaze_pitch = -32;
    s.open = 0.42f;
    hold(&r, s, 1);
    hold(&r, awake(), 1);
    assert_int_equal(count_of(&r, AFFECT_EVENT_BLINK, 0), 0);
    assert_int_equal(count_of(&r, AFFECT_EVENT_LONG_CLOSURE, 0), 0);
}

static void hair_over_one_eye_hides_no_blink(void **state) {
    (void)state;
    run_begin(&r, 30);
    hold(&r, awake(), 3);
    af_signals s = awake();
    s.pitch = -10;
    s.gaze_pitch = -32;
    s.open = s.open_mean = 0.6f;
    hold(&r, s, 0.6f);
    /* One eye looks down, the other is hidden: neither is sure, and they are awake. */
    s.eye_confidence = 0.2f;
    s.other_confidence = 0.5f;
    s.open_mean = 0.25f;
    hold(&r, s, 0.4f);
    assert_int_equal(r.told.count, 0);
    s.other_confidence = 0.97f; /* but the seen one closes */
    s.open_mean = 0.06f;
    hold(&r, s, 0.2f);
    s.other_confidence = 0.5f;
    s.open_mean = 0.25f;
    hold(&r, s, 0.2f);
    hold(&r, awake(), 1);
    assert_int_equal(count_of(&r, AFFECT_EVENT_BLINK, 0), 1);
}

static void lids_do_not_part_company(void **state) {
    (void)state;
    af_signals s = closed_eyes(); /* glare on one eye of a sleeper */
    s.open = 0.8f;
    s.eye_confidence = 0.77f;
    s.other_confidence = 0.9f;
    s.open_mean = 0.4f;
    sleeps_once(&s, 6, 0.6f);
}

/* One eye closes and is seen; the other, behind hair, comes down a little; or not at all: a wink.
 */
static void lids_go_together(void **state) {
    (void)state;
    for (int wink = 0; wink < 2; wink++) {
        run_begin(&r, 30);
        hold(&r, awake(), 3);
        af_signals s = awake();
        s.other_open = 0.05f;
        s.other_confidence = 0.9f;
        s.open = wink ? 0.94f : 0.85f;
        s.open_mean = 0.5f;
        hold(&r, s, 0.2f);
        hold(&r, awake(), 1);
        assert_int_equal(count_of(&r, AFFECT_EVENT_BLINK, 0), !wink);
        hold(&r, s, 1.5f);
        hold(&r, awake(), 1);
        assert_int_equal(count_of(&r, AFFECT_EVENT_MICROSLEEP, 0), !wink);
    }
}

static void two_dips_are_one_blink(void **state) {
    (void)state;
    run_begin(&r, 30);
    hold(&r, awake(), 3);
    static const float open[] = {0.05f, 0.96f, 0.96f, 0.05f, 0.05f, 0.96f};
    for (int i = 0; i < 6; i++) {
        af_signals s = awake();
        s.open = s.open_mean = open[i];
        frame(&r, &s);
    }
    hold(&r, awake(), 1);
    assert_int_equal(count_of(&r, AFFECT_EVENT_BLINK, 0), 1);
}

static af_signals turned(float yaw, float pitch);

static void a_face_that_shrinks_at_once_says_nothing(void **state) {
    (void)state;
    run_begin(&r, 30);
    hold(&r, awake(), 5);
    af_signals s = turned(50, 0);
    hold(&r, s, 0.5f);
    s = turned(10, -25); /* landmarks slid down the hair of a turned head */
    s.size = 45;
    s.open = 0.02f;
    hold(&r, s, 2.5f);
    hold(&r, awake(), 2);
    assert_int_equal(count_of(&r, AFFECT_EVENT_LONG_DISTRACTION, 0), 1);
    assert_int_equal(r.told.count, 2); /* and its onset: no sleep, no phone */
    /* Who leans back slowly is the same person. */
    for (int i = 0; i < 90; i++) {
        s = awake();
        s.size = 80 - 0.45f * (float)i;
        frame(&r, &s);
    }
    assert_true(r.person.signals.yaw == 0);
    s.size = 90; /* and comes back at once, to stay */
    hold(&r, s, 3);
    assert_true(isnan(r.person.signals.yaw));
    hold(&r, s, 2);
    assert_true(r.person.signals.yaw == 0);
}

static void openness_is_the_persons_own(void **state) {
    (void)state;
    run_begin(&r, 30);
    af_signals narrow = awake();
    narrow.open = 0.6f;
    hold(&r, narrow, 20);
    assert_true(fabsf(r.person.drowsiness.baseline - 0.6f) < 0.04f);
    narrow.open = 0.4f; /* two thirds of what is usual */
    hold(&r, narrow, 2);
    assert_int_equal(r.told.count, 0);
    narrow.open = 0.2f;
    hold(&r, narrow, 0.3f);
    narrow.open = 0.6f;
    hold(&r, narrow, 1);
    assert_int_equal(count_of(&r, AFFECT_EVENT_BLINK, 0), 1);
}

/* --------------------------------------------------------------------------------------- mouths */

static void open_mouth(float seconds, float jaw, float smile) {
    af_signals s = awake();
    s.jaw = jaw;
    s.smile = smile;
    hold(&r, s, seconds);
}

static void yawns_are_long_and_wide(void **state) {
    (void)state;
    static const struct {
        float seconds, jaw, smile;
        int yawns;
    } cases[] = {
        {2.5f, 0.85f, 0.02f, 1}, {1.7f, 0.85f, 0.02f, 1},
        {1.2f, 0.85f, 0.02f, 0}, {3.0f, 0.30f, 0.02f, 0},
        {2.2f, 0.85f, 0.90f, 0}, {4.0f, 0.60f, 0.90f, 1}}; /* smiled, but longer than a laugh */
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        run_begin(&r, 30);
        hold(&r, awake(), 2);
        open_mouth(cases[i].seconds, cases[i].jaw, cases[i].smile);
        hold(&r, awake(), 1);
        assert_int_equal(count_of(&r, AFFECT_EVENT_YAWN, 0), cases[i].yawns);
    }
}

static void speech_is_no_yawn(void **state) {
    (void)state;
    run_begin(&r, 30);
    hold(&r, awake(), 2);
    for (int i = 0; i < 40; i++) { /* four syllables a second */
        open_mouth(0.13f, 0.75f, 0.05f);
        open_mouth(0.13f, 0.15f, 0.05f);
    }
    assert_int_equal(count_of(&r, AFFECT_EVENT_YAWN, 0), 0);
    assert_true(r.person.mouth.talking > 0.8f);
    hold(&r, awake(), 4);
    assert_true(r.person.mouth.talking < 0.1f);
}

/* A mouth that never shuts, but moves: held vowels, a laugh. */
static void moving_mouths_do_not_yawn(void **state) {
    (void)state;
    static const struct {
        float high, low, smile;
        int yawns;
    } cases[] = {{0.95f, 0.55f, 0.05f, 0}, {0.85f, 0.81f, 0.05f, 1}, {0.85f, 0.77f, 0.9f, 0}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        run_begin(&r, 30);
        hold(&r, awake(), 2);
        for (int k = 0; k < 12; k++) {
            open_mouth(0.2f, cases[i].high, cases[i].smile);
            open_mouth(0.2f, cases[i].low, cases[i].smile);
        }
        hold(&r, awake(), 1);
        assert_int_equal(count_of(&r, AFFECT_EVENT_YAWN, 0), cases[i].yawns);
    }
}

static void eyes_closed_by_a_yawn_are_no_sleep(void **state) {
    (void)state;
    run_begin(&r, 30);
    hold(&r, awake(), 12);
    af_signals s = awake();
    s.jaw = 0.85f;
    hold(&r, s, 0.5f);
    s.open = 0.05f;
    s.gaze_yaw = s.gaze_pitch = NAN;
    hold(&r, s, 2.5f);
    hold(&r, awake(), 2);
    assert_int_equal(count_of(&r, AFFECT_EVENT_YAWN, 0), 1);
    assert_int_equal(count_of(&r, AFFECT_EVENT_MICROSLEEP, 1), 0);
    assert_int_equal(count_of(&r, AFFECT_EVENT_MICROSLEEP, 0), 0);
    assert_true(r.person.drowsiness.perclos < 0.01f);
    /* But who sleeps on when the mouth has shut is told, from there. */
    s.jaw = 0.85f;
    hold(&r, s, 2.5f);
    hold(&r, closed_eyes(), 1.6f);
    hold(&r, awake(), 1);
    assert_int_equal(count_of(&r, AFFECT_EVENT_MICROSLEEP, 0), 1);
    assert_true(length_of(last_of(&r, AFFECT_EVENT_MICROSLEEP, 0)) < 1.9f);
}

/* --------------------------------------------------------------------------------------- looks */

static af_signals turned(float yaw, float pitch) {
    af_signals s = awake();
    s.yaw = yaw;
    s.gaze_yaw = yaw * 1.3f;
    s.pitch = pitch;
    s.gaze_pitch = pitch * 2;
    return s;
}

static void looks_away_are_timed(void **state) {
    (void)state;
    for (int side = -1; side <= 1; side += 2) {
        run_begin(&r, 30);
        hold(&r, awake(), 5);
        hold(&r, turned((float)side * 25, 0), 1.2f); /* a mirror */
        hold(&r, awake(), 3);
        assert_int_equal(r.told.count, 0);
        hold(&r, turned((float)side * 50, 0), 2.4f);
        assert_true(af_attention_off_for(&r.person.attention, r.now_us) > 2.2f);
        hold(&r, awake(), 3);
        assert_int_equal(count_of(&r, AFFECT_EVENT_LONG_DISTRACTION, 1), 1);
        const affect_event e = last_of(&r, AFFECT_EVENT_LONG_DISTRACTION, 0);
        assert_true(fabsf(length_of(e) - 2.4f) < 0.25f);
        assert_true(af_attention_off_for(&r.person.attention, r.now_us) == 0);
    }
}

static void straight_ahead_is_learnt_or_given(void **state) {
    (void)state;
    run_begin(&r, 30); /* a camera at the pillar: the road is at 30 degrees */
    hold(&r, turned(30, -5), 5);
    assert_int_equal(r.told.count, 0);
    assert_true(fabsf(af_attention_forward_yaw(&r.person.attention, &r.options) - 39) < 2);
    hold(&r, turned(-5, -5), 3);
    assert_int_equal(count_of(&r, AFFECT_EVENT_LONG_DISTRACTION, 1), 1);
    run_begin(&r, 30);
    r.options.forward_yaw = r.options.forward_pitch = 0;
    hold(&r, turned(40, 0), 3);
    assert_int_equal(count_of(&r, AFFECT_EVENT_LONG_DISTRACTION, 1), 1);
}

static void a_film_may_begin_with_a_look_away(void **state) {
    (void)state;
    run_begin(&r, 30);
    hold(&r, turned(35, 0), 2);
    hold(&r, awake(), 20);
    assert_true(fabsf(af_attention_forward_yaw(&r.person.attention, &r.options)) < 1);
    assert_int_equal(count_of(&r, AFFECT_EVENT_LONG_DISTRACTION, 1), 1);
    assert_int_equal(count_of(&r, AFFECT_EVENT_LONG_DISTRACTION, 0), 1);
    assert_true(length_of(last_of(&r, AFFECT_EVENT_LONG_DISTRACTION, 0)) < 7);
    hold(&r, turned(35, 0), 3);
    assert_int_equal(count_of(&r, AFFECT_EVENT_LONG_DISTRACTION, 1), 2);
    /* What has been ahead for long stays ahead however long a look lasts. */
    run_begin(&r, 30);
    hold(&r, awake(), 70);
    hold(&r, turned(35, 0), 90);
    assert_true(af_attention_off_for(&r.person.attention, r.now_us) > 89);
}

static void trembling_directions_are_no_looks(void **state) {
    (void)state;
    for (uint32_t k = 0; k < 20; k++) {
        run_begin(&r, 30);
        seed = k;
        for (int i = 0; i < 1800; i++) {
            af_signals s = awake();
            s.yaw += noise(6);
            s.pitch += noise(6);
            s.gaze_yaw += noise(12);
            s.gaze_pitch = i ? noise(12) : -20;
            frame(&r, &s);
            if (i == 32) /* one bad frame at the start does little */
                assert_true(fabsf(r.person.attention.gaze.pitch) < 4.5f);
        }
        assert_int_equal(count_of(&r, AFFECT_EVENT_LONG_DISTRACTION, 1), 0);
        assert_int_equal(count_of(&r, AFFECT_EVENT_PHONE_LOOK, 1), 0);
        assert_true(fabsf(r.person.attention.head.pitch) < 3);
    }
}

static void short_looks_add_up(void **state) {
    (void)state;
    run_begin(&r, 30);
    hold(&r, awake(), 5);
    for (int i = 0; i < 8; i++) {
        hold(&r, turned(40, 0), 1.6f);
        hold(&r, awake(), 1.2f);
    }
    assert_int_equal(count_of(&r, AFFECT_EVENT_LONG_DISTRACTION, 1), 0);
    assert_int_equal(count_of(&r, AFFECT_EVENT_SHORT_DISTRACTIONS, 1), 1);
    hold(&r, awake(), 30);
    assert_int_equal(count_of(&r, AFFECT_EVENT_SHORT_DISTRACTIONS, 0), 1);
}

static void a_phone_is_below(void **state) {
    (void)state;
    run_begin(&r, 30);
    hold(&r, awake(), 5);
    af_signals s = turned(5, -15);
    s.open = 0.5f;
    hold(&r, s, 1.0f);
    hold(&r, awake(), 2);
    assert_int_equal(count_of(&r, AFFECT_EVENT_PHONE_LOOK, 1), 0);
    hold(&r, s, 2.5f);
    hold(&r, closed_eyes(), 0.2f); /* a blink on the way back */
    hold(&r, awake(), 2);
    assert_int_equal(count_of(&r, AFFECT_EVENT_PHONE_LOOK, 1), 1);
    assert_int_equal(count_of(&r, AFFECT_EVENT_PHONE_LOOK, 0), 1);
    assert_true(fabsf(length_of(last_of(&r, AFFECT_EVENT_PHONE_LOOK, 0)) - 2.5f) < 0.25f);
}

static void blinks_do_not_end_a_look(void **state) {
    (void)state;
    run_begin(&r, 30);
    hold(&r, awake(), 5);
    hold(&r, turned(28, 0), 1.5f);
    af_signals s = closed_eyes();
    s.yaw = 28;
    hold(&r, s, 0.2f);
    hold(&r, turned(28, 0), 1.5f);
    hold(&r, awake(), 1);
    assert_int_equal(count_of(&r, AFFECT_EVENT_LONG_DISTRACTION, 0), 1);
    assert_true(length_of(last_of(&r, AFFECT_EVENT_LONG_DISTRACTION, 0)) > 3);
}

static void who_sleeps_is_not_distracted(void **state) {
    (void)state;
    run_begin(&r, 30);
    hold(&r, awake(), 5);
    af_signals s = closed_eyes();
    s.pitch = -22;
    hold(&r, s, 3.5f);
    hold(&r, awake(), 1);
    assert_int_equal(count_of(&r, AFFECT_EVENT_LONG_DISTRACTION, 1), 0);
    assert_int_equal(count_of(&r, AFFECT_EVENT_PHONE_LOOK, 1), 0);
    assert_int_equal(count_of(&r, AFFECT_EVENT_SLEEP, 0), 1);
    assert_int_equal(r.person.drowsiness.nod_count, 1);
}

static void a_face_lost_while_turned_still_looks_away(void **state) {
    (void)state;
    run_begin(&r, 30);
    hold(&r, awake(), 5);
    hold(&r, turned(60, 0), 0.5f);
    af_signals s;
    af_signals_unknown(&s);
    hold(&r, s, 2);
    hold(&r, awake(), 1);
    assert_int_equal(count_of(&r, AFFECT_EVENT_LONG_DISTRACTION, 0), 1);
    /* One that was lost straight ahead tells nothing, nor one that looked down. */
    hold(&r, s, 4);
    hold(&r, awake(), 1);
    assert_int_equal(count_of(&r, AFFECT_EVENT_LONG_DISTRACTION, 0), 1);
    hold(&r, turned(0, -15), 0.5f);
    hold(&r, s, 4);
    hold(&r, awake(), 1);
    assert_int_equal(count_of(&r, AFFECT_EVENT_LONG_DISTRACTION, 1), 1);
    assert_int_equal(count_of(&r, AFFECT_EVENT_LONG_DISTRACTION, 0), 1);
}

static void gaze_stays_with_the_head(void **state) {
    (void)state;
    static affect_face face;
    memset(&face, 0, sizeof face);
    face.measured = AFFECT_LANDMARKS | AFFECT_POSE | AFFECT_EYES;
    face.inter_ocular = 80;
    face.presence = 0.9f;
    face.pose_confidence = 0.5f;
    face.gaze_confidence = 0.8f;
    face.yaw = -70;
    face.gaze_yaw = -5; /* no eye turns so far back */
    face.pitch = 10;
    face.gaze_pitch = -40;
    af_signals s;
    af_signals_of_face(&s, &face);
    assert_true(s.gaze_yaw == -30 && s.gaze_pitch == -25);
    assert_true(fabsf(s.sure - 0.45f) < 1e-6f);
    face.yaw = -40;
    face.gaze_yaw = -62;
    af_signals_of_face(&s, &face);
    assert_true(s.gaze_yaw == -62);
}

static void events_say_how_sure_they_are(void **state) {
    (void)state;
    run_begin(&r, 30);
    hold(&r, awake(), 5);
    af_signals s = turned(50, 0);
    s.sure = 0.4f;
    hold(&r, s, 2.5f);
    hold(&r, awake(), 2);
    assert_true(fabsf(last_of(&r, AFFECT_EVENT_LONG_DISTRACTION, 1).confidence - 0.4f) < 0.05f);
    assert_true(fabsf(last_of(&r, AFFECT_EVENT_LONG_DISTRACTION, 0).confidence - 0.4f) < 0.05f);
    s = turned(0, -15);
    s.sure = 0.6f;
    hold(&r, s, 2);
    hold(&r, awake(), 2);
    assert_true(fabsf(last_of(&r, AFFECT_EVENT_PHONE_LOOK, 0).confidence - 0.6f) < 0.05f);
}

/* ---------------------------------------------------------------------------------- drowsiness */

static void drowsiness_has_stages_and_evidence(void **state) {
    (void)state;
    run_begin(&r, 30);
    for (int i = 0; i < 20; i++) { /* alert: a normal blink each 3 s */
        hold(&r, awake(), 2.8f);
        hold(&r, closed_eyes(), 0.2f);
    }
    assert_true(r.person.drowsiness.level < 0.1f);
    assert_int_equal(r.person.drowsiness.stage, AFFECT_ALERT);
    open_mouth(3, 0.85f, 0);
    hold(&r, awake(), 3);
    open_mouth(3, 0.85f, 0);
    hold(&r, awake(), 3);
    assert_int_equal(r.person.drowsiness.stage, AFFECT_TIRED);
    for (int i = 0; i < 2; i++) {
        hold(&r, closed_eyes(), 1.5f);
        hold(&r, awake(), 4);
    }
    assert_int_equal(r.person.drowsiness.stage, AFFECT_DROWSY);
    assert_int_equal(count_of(&r, AFFECT_EVENT_DROWSINESS, 1), 1);
    const uint32_t evidence = last_of(&r, AFFECT_EVENT_DROWSINESS, 1).evidence;
    assert_true(evidence & AFFECT_EVIDENCE_MICROSLEEP);
    assert_true(evidence & AFFECT_EVIDENCE_YAWNS);
    const float frozen = r.person.drowsiness.baseline;
    af_signals droopy = awake();
    droopy.open = 0.7f;
    hold(&r, droopy, 20); /* drowsy: what is usual is not learnt anew */
    assert_true(r.person.drowsiness.baseline == frozen);
    for (int i = 0; i < 100; i++) {
        hold(&r, awake(), 2.8f);
        hold(&r, closed_eyes(), 0.2f);
    }
    assert_int_equal(count_of(&r, AFFECT_EVENT_DROWSINESS, 0), 1);
    assert_int_equal(r.person.drowsiness.stage, AFFECT_ALERT);
}

static affect_person_state state_of(void) {
    affect_person_state s;
    memset(&s, 0, sizeof s);
    af_person_state(&r.person, r.rate, 0, &r.options, r.now_us, &s);
    return s;
}

static void hidden_eyes_and_mouths_are_not_measured(void **state) {
    (void)state;
    run_begin(&r, 30);
    for (int i = 0; i < 10; i++) {
        hold(&r, awake(), 1.8f);
        hold(&r, closed_eyes(), 0.2f);
    }
    hold(&r, awake(), 0.3f);
    assert_true(fabsf(state_of().blink_rate - 30) < 2);
    assert_int_equal(state_of().drowsiness_stage, AFFECT_ALERT);
    af_signals s = awake();
    s.open = s.open_mean = s.gaze_yaw = s.gaze_pitch = NAN;
    s.no_eyes = 1;
    hold(&r, s, 1);
    assert_int_equal(state_of().degraded, 0);
    hold(&r, s, 9); /* dark glasses */
    assert_int_equal(state_of().degraded, AFFECT_DEGRADED_EYES_HIDDEN);
    assert_int_equal(state_of().drowsiness_stage, -1);
    assert_true(isnan(state_of().drowsiness) && isnan(state_of().eyes_closed));
    assert_true(fabsf(state_of().blink_rate - 30) < 2); /* over the time that was seen */
    hold(&r, s, 30);
    assert_true(isnan(state_of().blink_rate) && isnan(state_of().perclos));
    open_mouth(3, 0.85f, 0); /* yawns tell, glasses or not */
    s.jaw = 0.85f;
    hold(&r, s, 3);
    s.jaw = 0.03f;
    hold(&r, s, 2);
    s.jaw = 0.85f;
    hold(&r, s, 3);
    s.jaw = 0.03f;
    hold(&r, s, 3);
    assert_int_equal(state_of().drowsiness_stage, AFFECT_TIRED);
    s = awake();
    s.jaw = s.smile = s.mouth = NAN;
    s.no_mouth = 1;
    hold(&r, s, 3); /* a mask */
    assert_int_equal(state_of().degraded, AFFECT_DEGRADED_MOUTH_HIDDEN);
    assert_true(isnan(state_of().yawn_rate) && isnan(state_of().talking));
    assert_true(isnan(state_of().smiling));
}

static void baselines_are_saved_and_given_back(void **state) {
    (void)state;
    uint8_t blob[AFFECT_BASELINE_SIZE], again[AFFECT_BASELINE_SIZE];
    run_begin(&r, 30);
    assert_int_equal(af_person_save(&r.person, blob), 0);
    af_signals s = turned(-12, 4);
    s.open = 0.7f;
    hold(&r, s, 30);
    assert_int_equal(af_person_save(&r.person, blob), 1);
    const float usual = r.person.drowsiness.baseline;
    run_begin(&r, 30);
    assert_int_equal(af_person_load(&r.person, blob), 1);
    assert_true(fabsf(r.person.drowsiness.baseline - usual) < 1e-4f);
    assert_true(fabsf(af_attention_forward_yaw(&r.person.attention, &r.options) + 15.6f) < 1);
    assert_int_equal(af_person_save(&r.person, again), 1);
    assert_memory_equal(blob, again, sizeof blob);
    for (size_t i = 0; i < sizeof blob; i++) {
        memcpy(again, blob, sizeof blob);
        again[i] ^= 0x10;
        assert_int_equal(af_person_load(&r.person, again), 0);
    }
}

/* -------------------------------------------------------------------------------------- people */

static af_person one_person, two_person;

static af_signals beside(float x, float yaw, float smile) {
    af_signals s = awake();
    s.x = x;
    s.yaw = yaw;
    s.gaze_yaw = 1.4f * yaw;
    s.smile = smile;
    return s;
}

/* Two people for so many seconds; events go to the log of r. */
static void sit(af_pair *pair, float yaw1, float yaw2, float smile, float seconds) {
    const int64_t end = r.now_us + af_microseconds(seconds);
    for (; r.now_us < end; r.now_us += 33333) {
        one_person.signals = beside(200, yaw1, smile);
        two_person.signals = beside(440, yaw2, smile);
        one_person.smiles = two_person.smiles = smile > 0.5f;
        one_person.look_yaw = 1.4f * yaw1;
        two_person.look_yaw = 1.4f * yaw2;
        const af_one one = {&one_person, {1, 0, 0}}, two = {&two_person, {2, 0, 1}};
        af_pair_update(pair, one, two, 640, &r.options, r.now_us, &r.events);
        keep_events(&r);
    }
}

static void people_look_at_each_other(void **state) {
    (void)state;
    run_begin(&r, 30);
    af_pair pair;
    memset(&pair, 0, sizeof pair);
    sit(&pair, 2, -3, 0.1f, 2);
    sit(&pair, 45, -45, 0.8f, 3);
    sit(&pair, 2, 0, 0.1f, 2);
    const affect_event e = last_of(&r, AFFECT_EVENT_MUTUAL_GAZE, 0);
    assert_int_equal(e.track, 1);
    assert_int_equal(e.other_track, 2);
    assert_true(fabsf(length_of(e) - 3) < 0.1f);
    assert_int_equal(count_of(&r, AFFECT_EVENT_SHARED_SMILE, 0), 1);
    assert_int_equal(count_of(&r, AFFECT_EVENT_LOOKING_AT_OCCUPANT, 0), 0);
    sit(&pair, -45, 45, 0.1f, 2); /* away from each other */
    sit(&pair, 2, -50, 0.1f, 2);  /* the second looks at the first alone */
    sit(&pair, 2, 0, 0.1f, 2);
    assert_int_equal(count_of(&r, AFFECT_EVENT_MUTUAL_GAZE, 0), 1);
    const affect_event looks = last_of(&r, AFFECT_EVENT_LOOKING_AT_OCCUPANT, 0);
    assert_int_equal(looks.track, 2);
    assert_int_equal(looks.other_track, 1);
    assert_int_equal(looks.seat, 1);
    sit(&pair, 45, -45, 0.8f, 2);
    const af_who one = {1, 0, 0}, two = {2, 0, 1};
    af_pair_close(&pair, one, two, &r.events);
    keep_events(&r);
    assert_int_equal(count_of(&r, AFFECT_EVENT_MUTUAL_GAZE, 0), 2);
}

static void where_a_face_is_seen_counts(void **state) {
    (void)state;
    /* At the picture's edge a face that looks along the camera axis is read as turned outward: the
     * same reading is a look at the other there and none in the middle. */
    two_person.signals = beside(100, 0, 0);
    one_person.look_yaw = -12;
    one_person.signals = beside(600, -12, 0);
    assert_int_equal(af_looks_at(&one_person, &two_person, 640, 0), 1);
    one_person.signals = beside(320, -12, 0);
    assert_int_equal(af_looks_at(&one_person, &two_person, 640, 0), 0);
    one_person.signals = beside(600, 25, 0);
    one_person.look_yaw = 25;
    assert_int_equal(af_looks_at(&one_person, &two_person, 640, 0), 0);
    one_person.look_yaw = NAN;
    assert_int_equal(af_looks_at(&one_person, &two_person, 640, 0), -1);
}

static void looks_have_two_borders(void **state) {
    (void)state;
    two_person.signals = beside(100, 0, 0);
    one_person.signals = beside(320, -33, 0);
    one_person.look_yaw = -33; /* the other is at 90 degrees, of which 55 may be missed */
    assert_int_equal(af_looks_at(&one_person, &two_person, 640, 0), 0);
    assert_int_equal(af_looks_at(&one_person, &two_person, 640, 1), 1);
    one_person.look_yaw = -26;
    assert_int_equal(af_looks_at(&one_person, &two_person, 640, 1), 0);
}

static void smile_at(float smile, float seconds) {
    af_signals s = awake();
    s.smile = smile;
    hold(&r, s, seconds);
}

static void smiles_exceed_the_persons_rest(void **state) {
    (void)state;
    run_begin(&r, 30);
    smile_at(0.04f, 5);
    assert_int_equal(r.person.smiles, 0);
    smile_at(0.42f, 2); /* a turned head's smile */
    assert_int_equal(r.person.smiles, 1);
    smile_at(0.26f, 1); /* goes on until it is clearly less */
    assert_int_equal(r.person.smiles, 1);
    smile_at(0.12f, 1);
    assert_int_equal(r.person.smiles, 0);
    /* A mouth that looks as if it smiled at rest does not; from the first frame on. */
    run_begin(&r, 30);
    smile_at(0.28f, 1);
    assert_int_equal(r.person.smiles, 0);
    smile_at(0.28f, 30);
    assert_true(r.person.smile < 0.1f);
    smile_at(0.36f, 2);
    assert_int_equal(r.person.smiles, 0);
    smile_at(0.75f, 1);
    assert_int_equal(r.person.smiles, 1);
    /* Who smiles all the time still does. */
    smile_at(0.9f, 120);
    assert_int_equal(r.person.smiles, 1);
    smile_at(NAN, 1);
    assert_int_equal(r.person.smiles, -1);
}

/* ------------------------------------------------------------------------------------ properties
 */

/* A minute of somebody who does a bit of everything, with noise. */
static void eventful(int64_t begin_us, float mirror) {
    run_begin(&r, 30);
    r.now_us = begin_us;
    seed = 7;
    for (int i = 0; i < 1800; i++) {
        const int second = i / 30 % 20, part = i % 30;
        af_signals s = awake();
        if (second == 4 || second == 5 || second == 6)
            s = turned(50, 0);
        else if (second == 10 || second == 11)
            s = closed_eyes();
        else if (second >= 14 && second < 17)
            s.jaw = 0.9f;
        else if (part < 6)
            s = closed_eyes();
        s.yaw = mirror * (s.yaw + noise(2));
        s.gaze_yaw = mirror * (s.gaze_yaw + noise(3));
        s.roll = mirror * s.roll;
        s.pitch += noise(2);
        s.open += noise(0.02f);
        frame(&r, &s);
    }
}

static void time_shifts_change_nothing(void **state) {
    (void)state;
    static told_log first;
    eventful(0, 1);
    first = r.told;
    assert_true(first.count > 20);
    const int64_t shifts[] = {1, 33333, 3600000000, -5000000000, (int64_t)1 << 50};
    for (size_t k = 0; k < sizeof shifts / sizeof *shifts; k++) {
        eventful(shifts[k], 1);
        assert_int_equal(r.told.count, first.count);
        for (int i = 0; i < first.count; i++) {
            affect_event e = r.told.events[i];
            e.start_us -= shifts[k];
            e.end_us -= shifts[k];
            assert_memory_equal(&e, &first.events[i], sizeof e);
        }
    }
}

static void mirrored_people_do_the_same(void **state) {
    (void)state;
    static told_log first;
    eventful(0, 1);
    first = r.told;
    const float yaw = af_attention_forward_yaw(&r.person.attention, &r.options);
    eventful(0, -1);
    assert_int_equal(r.told.count, first.count);
    assert_memory_equal(r.told.events, first.events, sizeof(affect_event) * (size_t)first.count);
    assert_true(af_attention_forward_yaw(&r.person.attention, &r.options) == -yaw);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_blink_is_counted_once),
        cmocka_unit_test(ends_are_found_between_frames),
        cmocka_unit_test(durations_have_names),
        cmocka_unit_test(alarms_are_raised_while_it_lasts),
        cmocka_unit_test(unknown_is_never_closed),
        cmocka_unit_test(slow_frames_tell_no_blinks),
        cmocka_unit_test(flicker_is_one_closure),
        cmocka_unit_test(a_wink_is_no_blink),
        cmocka_unit_test(an_unsure_eye_does_not_split_a_blink),
        cmocka_unit_test(shallow_blinks_stand_out_of_the_noise),
        cmocka_unit_test(half_closed_eyes_that_look_down_are_awake),
        cmocka_unit_test(a_face_that_shrinks_at_once_says_nothing),
        cmocka_unit_test(hair_over_one_eye_hides_no_blink),
        cmocka_unit_test(lids_do_not_part_company),
        cmocka_unit_test(lids_go_together),
        cmocka_unit_test(two_dips_are_one_blink),
        cmocka_unit_test(openness_is_the_persons_own),
        cmocka_unit_test(yawns_are_long_and_wide),
        cmocka_unit_test(speech_is_no_yawn),
        cmocka_unit_test(moving_mouths_do_not_yawn),
        cmocka_unit_test(eyes_closed_by_a_yawn_are_no_sleep),
        cmocka_unit_test(looks_away_are_timed),
        cmocka_unit_test(straight_ahead_is_learnt_or_given),
        cmocka_unit_test(a_film_may_begin_with_a_look_away),
        cmocka_unit_test(trembling_directions_are_no_looks),
        cmocka_unit_test(short_looks_add_up),
        cmocka_unit_test(a_phone_is_below),
        cmocka_unit_test(blinks_do_not_end_a_look),
        cmocka_unit_test(who_sleeps_is_not_distracted),
        cmocka_unit_test(a_face_lost_while_turned_still_looks_away),
        cmocka_unit_test(drowsiness_has_stages_and_evidence),
        cmocka_unit_test(hidden_eyes_and_mouths_are_not_measured),
        cmocka_unit_test(baselines_are_saved_and_given_back),
        cmocka_unit_test(people_look_at_each_other),
        cmocka_unit_test(where_a_face_is_seen_counts),
        cmocka_unit_test(looks_have_two_borders),
        cmocka_unit_test(smiles_exceed_the_persons_rest),
        cmocka_unit_test(gaze_stays_with_the_head),
        cmocka_unit_test(events_say_how_sure_they_are),
        cmocka_unit_test(time_shifts_change_nothing),
        cmocka_unit_test(mirrored_people_do_the_same),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
