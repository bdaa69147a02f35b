/* error.c - registers the error domain of src/rtmp; the codes and their meaning are in error.h */
#include "rtmp/error.h"

G_DEFINE_QUARK (us_rtmp_error, us_rtmp_error)
