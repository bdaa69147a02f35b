/* state.h - what must outlive the ingest process: numbers, epochs, discontinuities per stream */
#pragma once

#include "base/clock.h"

G_BEGIN_DECLS

#define US_STATE_BLOCK 60         /* segment numbers reserved ahead on stable storage */
#define US_STATE_MAX_STREAMS 1024 /* remembered; the longest idle one is forgotten first */
#define US_STATE_TARGET_KEPT_S                                                                     \
  600 /* a target duration is forgotten after so long without input                                \
       */

#define US_STATE_MAX_NUMBER (G_GUINT64_CONSTANT (1) << 53) /* what AMF0 numbers hold exactly */

typedef struct UsState UsState;

/* UsStateStream: one stream's memory; read freely, change only through the calls below. Stays
 * valid until us_state_close() or us_state_free(). */
typedef struct {
  char *name;
  guint64 number; /* last segment number handed out, 0: never any */
  guint64 closed; /* last number that anybody may have published, 0: none is known */
  guint64 epoch;  /* last epoch id handed out */
  guint64 discontinuity;
  guint target_duration_s; /* 0: not fixed yet */
  gint64 active_ms;        /* Unix time of the last change */
  /* private */
  guint64 reserved;  /* on stable storage: no number above it was handed out before a flush */
  gboolean is_exact; /* @number is certain, not only @reserved */
  guint n_users;
  guint slot;
} UsStateStream;

UsState *us_state_new (const char *dir, const UsClock *clock);
UsStateStream *us_state_open (UsState *state, const char *name);
void us_state_close (UsState *state, UsStateStream *stream);
guint64 us_state_take_number (UsState *state, UsStateStream *stream);
void us_state_return_number (UsStateStream *stream, guint64 number);
void us_state_note_closed (UsState *state, UsStateStream *stream);
guint64 us_state_take_epoch (UsState *state, UsStateStream *stream);
void us_state_lower_number (UsState *state, UsStateStream *stream, guint64 number);
void us_state_raise_number (UsState *state, UsStateStream *stream, guint64 number);
guint64 us_state_count_discontinuity (UsState *state, UsStateStream *stream);
void us_state_set_target_duration (UsState *state, UsStateStream *stream, guint seconds);
guint us_state_get_target_duration (UsState *state, UsStateStream *stream);
gboolean us_state_is_dirty (UsState *state);
void us_state_flush (UsState *state);
gboolean us_state_is_writing (UsState *state);
void us_state_free (UsState *state);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (UsState, us_state_free)

G_END_DECLS
