/* The built-in networks: .affn containers as C arrays, written by
 * training/affect_training/export.py. */
#ifndef AF_MODELS_H
#define AF_MODELS_H

extern const unsigned char af_model_detector[];
extern const unsigned af_model_detector_size;
extern const unsigned char af_model_landmarks[];
extern const unsigned af_model_landmarks_size;
extern const unsigned char af_model_eyes[];
extern const unsigned af_model_eyes_size;
extern const unsigned char af_model_expression[];
extern const unsigned af_model_expression_size;

#endif
