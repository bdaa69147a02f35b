/* chronicle.c - how the last segments came to be published, and what the other origin has of them
 *
 * For people who look at the ledger as it grows. A row of the ledger never changes and goes when no
 * viewer needs it any more; what is learnt afterwards, and what is worth knowing for longer, is
 * here, without the bytes. Owned by a UsRendition, on the main loop; pure, bounded by
 * US_CHRONICLE_ROWS. The newest US_CHRONICLE_WAITING rows may wait for a comparison; who is pushed
 * out of these stays uncompared, so that a twin that answers slowly is never asked for more and
 * more.
 */
#include "switcher/chronicle.h"

struct UsChronicle {
  GArray *rows; /* element-type UsChronicleRow, oldest first */
};

static const char *const copy_words[] = { "not-compared", "not-comparable", "equal", "different" };

/* Returns: the word for it in the control API */
const char *
us_copy_word (UsCopy copy) {
  g_return_val_if_fail (copy < G_N_ELEMENTS (copy_words), copy_words[0]);
  return copy_words[copy];
}

static void
row_clear (gpointer data) {
  UsChronicleRow *row = data;
  g_free (row->name);
}

UsChronicle *
us_chronicle_new (void) {
  UsChronicle *self = g_new0 (UsChronicle, 1);
  self->rows = g_array_sized_new (FALSE, TRUE, sizeof (UsChronicleRow), US_CHRONICLE_ROWS + 1);
  g_array_set_clear_func (self->rows, row_clear);
  return self;
}

void
us_chronicle_free (UsChronicle *self) {
  g_array_unref (self->rows);
  g_free (self);
}

static UsChronicleRow *
row_at (const UsChronicle *self, guint index) {
  return &g_array_index (self->rows, UsChronicleRow, index);
}

/**
 * us_chronicle_add:
 * @row: the newest of the ledger
 * @how: how it was had
 * @wall_us: now, since the epoch
 *
 * Nothing is known of the other origin's copy yet, nor waited for.
 */
void
us_chronicle_add (UsChronicle *self, const UsLedgerRow *row, const UsChronicleHow *how,
                  gint64 wall_us) {
  UsChronicleRow new = { .number = row->segment->number,
                         .epoch = row->segment->epoch,
                         .origin_number = row->origin_number,
                         .name = g_strdup (row->segment->name),
                         .origin = row->origin,
                         .is_gap = row->is_gap,
                         .is_discontinuous = row->segment->is_discontinuous,
                         .duration_us = row->segment->duration_us,
                         .n_bytes = g_bytes_get_size (row->segment->bytes),
                         .wall_us = wall_us,
                         .how = *how };
  g_strlcpy (new.hash, row->segment->etag + 1, sizeof new.hash); /* without its quote */
  g_array_append_val (self->rows, new);
  if (self->rows->len > US_CHRONICLE_ROWS)
    g_array_remove_index (self->rows, 0);
  if (self->rows->len > US_CHRONICLE_WAITING)
    row_at (self, self->rows->len - 1 - US_CHRONICLE_WAITING)->is_waiting = FALSE;
}

/**
 * us_chronicle_expect:
 * @copy: what can be said at once of the other origin's copy of the newest row
 * @is_waiting: that more will be known
 */
void
us_chronicle_expect (UsChronicle *self, UsCopy copy, gboolean is_waiting) {
  g_return_if_fail (self->rows->len > 0);
  UsChronicleRow *row = row_at (self, self->rows->len - 1);
  row->copy = copy;
  row->is_waiting = is_waiting;
}

/**
 * us_chronicle_settle:
 * @number: of a row that may be gone
 * @copy: what was found out; %US_COPY_NOT_COMPARED: nothing, and nothing more is waited for
 */
void
us_chronicle_settle (UsChronicle *self, guint64 number, UsCopy copy) {
  guint index = us_chronicle_find_after (self, number);
  if (index == 0 || row_at (self, index - 1)->number != number)
    return;
  UsChronicleRow *row = row_at (self, index - 1);
  row->is_waiting = FALSE;
  if (copy != US_COPY_NOT_COMPARED)
    row->copy = copy;
}

/* The two turned out to have other bytes by nature: what waits to be compared need not. */
void
us_chronicle_resign (UsChronicle *self) {
  for (guint i = 0; i < self->rows->len; i++) {
    UsChronicleRow *row = row_at (self, i);
    if (!row->is_waiting || row->copy != US_COPY_NOT_COMPARED)
      continue;
    row->copy = US_COPY_NOT_COMPARABLE;
    row->is_waiting = FALSE;
  }
}

guint
us_chronicle_get_n_rows (const UsChronicle *self) {
  return self->rows->len;
}

const UsChronicleRow *
us_chronicle_get_row (const UsChronicle *self, guint index) {
  g_return_val_if_fail (index < self->rows->len, NULL);
  return row_at (self, index);
}

/* Returns: (nullable): the newest */
const UsChronicleRow *
us_chronicle_get_last (const UsChronicle *self) {
  return self->rows->len > 0 ? row_at (self, self->rows->len - 1) : NULL;
}

/* Returns: the index of the first row with a number above @number; the number of rows: there is
 * none. Numbers rise, by more than one where the ledger has stepped. */
guint
us_chronicle_find_after (const UsChronicle *self, guint64 number) {
  guint index = self->rows->len;
  while (index > 0 && row_at (self, index - 1)->number > number)
    index--;
  return index;
}
