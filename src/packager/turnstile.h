/* turnstile.h - lets only so many pipelines of a packager run at once, the others in order */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* UsTurnstile: shared by all who want turns; has to outlive them. */
typedef struct UsTurnstile UsTurnstile;
/* UsTurn: what one of them holds, waits for, or does without. */
typedef struct UsTurn UsTurn;

/* Called in the main context of us_turnstile_new() when a turn that was asked for has come. May
 * give it back, ask for another, and free any UsTurn. */
typedef void (*UsTurnFunc) (gpointer user_data);

guint us_turnstile_size (guint n_cores, gboolean is_encoding);
UsTurnstile *us_turnstile_new (guint n_turns);
guint us_turnstile_get_n_taken (const UsTurnstile *turnstile);
guint us_turnstile_get_n_waiting (const UsTurnstile *turnstile);
void us_turnstile_free (UsTurnstile *turnstile);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (UsTurnstile, us_turnstile_free)

UsTurn *us_turn_new (UsTurnstile *turnstile, UsTurnFunc func, gpointer user_data);
gboolean us_turn_ask (UsTurn *turn) G_GNUC_WARN_UNUSED_RESULT;
void us_turn_give_back (UsTurn *turn);
void us_turn_free (UsTurn *turn);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (UsTurn, us_turn_free)

G_END_DECLS
