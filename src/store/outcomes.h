/* outcomes.h - what the writer's thread has to say, said in the main context of the store's owner
 */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

typedef void (*UsOutcomeFunc) (const GError *error, gpointer user_data);

typedef struct UsOutcomes UsOutcomes;

UsOutcomes *us_outcomes_new (GMainContext *context);
void us_outcomes_unref (UsOutcomes *outcomes);
void us_outcomes_add (UsOutcomes *outcomes, UsOutcomeFunc func, gpointer user_data,
                      const GError *error);
void us_outcomes_close (UsOutcomes *outcomes);

G_END_DECLS
