/* timeline.c - one timeline of what the memory and the database have
 *
 * Every event of the last minutes is in the ring of its stream; what is worth keeping is in the
 * database too, and older events only there. Both have the same ids, which rise. Pure.
 */
#include "api/timeline.h"

#include <string.h>

gboolean
us_timeline_fits (const UsTimelineWish *wish, const UsEventRow *row) {
  if (wish->kinds != NULL && !g_strv_contains (wish->kinds, row->kind))
    return FALSE;
  if (wish->incident != NULL && g_strcmp0 (wish->incident, row->incident) != 0)
    return FALSE;
  if (row->wall_us < wish->since_us || (wish->until_us > 0 && row->wall_us > wish->until_us))
    return FALSE;
  return row->id > wish->after_id && (wish->before_id == 0 || row->id < wish->before_id);
}

static int
compare_ids (gconstpointer a, gconstpointer b) {
  const UsEventRow *const *x = a, *const *y = b;
  return (*x)->id < (*y)->id ? -1 : (*x)->id > (*y)->id ? 1 : 0;
}

/* Borrows all text: not to be cleared. */
UsEventRow
us_timeline_row (const UsEvent *event) {
  return (UsEventRow){ .id = (gint64)event->id,
                       .stream = event->stream,
                       .kind = (char *)us_event_word (event->kind),
                       .severity = (char *)us_severity_word (event->severity),
                       .source = event->source,
                       .text = event->text,
                       .data = event->data,
                       .incident = event->incident,
                       .thumbnail = event->thumbnail,
                       .rendition = event->rendition,
                       .wall_us = event->wall_us };
}

static UsEventRow *
borrow (const UsEventRow *row) {
  UsEventRow *copy = g_new (UsEventRow, 1);
  *copy = *row;
  return copy;
}

/**
 * us_timeline_merge:
 * @rows: (element-type UsEventRow): of the database, by the same wish
 * @recent: (nullable) (element-type UsEvent): of the ring
 *
 * Of the events that fit at most as many as wished: the oldest with a lower bound, else the newest.
 *
 * Returns: (transfer full) (element-type UsEventRow): oldest first, each once; their text belongs
 *   to the arguments
 */
GPtrArray *
us_timeline_merge (const UsTimelineWish *wish, const GArray *rows, const GPtrArray *recent) {
  GPtrArray *all = g_ptr_array_new_with_free_func (g_free);
  g_autoptr (GHashTable) seen = g_hash_table_new (g_int64_hash, g_int64_equal);
  for (guint i = 0; i < rows->len; i++) {
    UsEventRow *row = borrow (&g_array_index (rows, UsEventRow, i));
    g_ptr_array_add (all, row);
    g_hash_table_add (seen, &row->id);
  }
  for (guint i = 0; recent != NULL && i < recent->len; i++) {
    const UsEventRow row = us_timeline_row (recent->pdata[i]);
    if (us_timeline_fits (wish, &row) && !g_hash_table_contains (seen, &row.id))
      g_ptr_array_add (all, borrow (&row));
  }
  g_ptr_array_sort (all, compare_ids);
  if (all->len > wish->limit) {
    guint n = all->len - wish->limit;
    g_ptr_array_remove_range (all, wish->after_id > 0 ? wish->limit : 0, n);
  }
  return all;
}
