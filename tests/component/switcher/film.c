/* film.c - foreign origins that show one film in real time */
#include "film.h"

#define TICK_MS 20

static void
show (Film *film, FilmOrigin *origin, gint64 film_us) {
  while (!origin->is_stopped && origin->next < origin->material->bytes->len) {
    gint64 lasts_us = g_array_index (origin->material->durations_us, gint64, origin->next);
    if (origin->due_us + lasts_us + origin->late_us > film_us)
      return;
    guint number = 1 + origin->next;
    g_autofree char *name
        = g_strdup_printf ("seg%05u.%s", number, origin->ending != NULL ? origin->ending : "ts");
    gint64 date_ms = g_get_real_time () / 1000 - (film_us - origin->due_us) / 1000;
    fake_origin_set_map (origin->fake, origin->map_uri);
    fake_origin_add (origin->fake, name, number, 0,
                     origin->has_no_dates ? -1 : date_ms + origin->clock_ms, lasts_us,
                     g_ptr_array_index (origin->material->bytes, origin->next));
    origin->due_us += lasts_us;
    origin->next++;
  }
}

static gboolean
on_tick (gpointer user_data) {
  Film *film = user_data;
  for (guint i = 0; i < film->n_origins; i++)
    show (film, &film->origins[i], g_get_monotonic_time () - film->begun_us);
  return G_SOURCE_CONTINUE;
}

void
film_begin (Film *film, FilmOrigin *origins, guint n_origins, gint64 head_us) {
  *film = (Film){ .origins = origins, .n_origins = n_origins };
  film->begun_us = g_get_monotonic_time () - head_us;
  for (guint i = 0; i < n_origins; i++) {
    origins[i].due_us = origins[i].material->start_us;
    fake_origin_set_blocking (origins[i].fake, FALSE);
  }
  on_tick (film);
  film->timer = g_timeout_add (TICK_MS, on_tick, film);
}

void
film_end (Film *film) {
  g_source_remove (film->timer);
}
