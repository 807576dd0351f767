/* WASI has no setjmp; cmocka's stand-in does without. */
