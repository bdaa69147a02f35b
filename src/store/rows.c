/* rows.c - freeing what rows own
 *
 * Rows are plain values of their holder; clearing leaves zeroes, so it may be done twice.
 */
#include "store/rows.h"

#include "store/row-type.h"

void
us_incident_row_clear (UsIncidentRow *row) {
  us_row_clear (&us_incident_row_type, row);
}

/* @to: (out): owns what is in it */
void
us_incident_row_copy (UsIncidentRow *to, const UsIncidentRow *from) {
  us_row_copy (&us_incident_row_type, to, from);
}

void
us_event_row_clear (UsEventRow *row) {
  us_row_clear (&us_event_row_type, row);
}

void
us_finding_row_clear (UsFindingRow *row) {
  us_row_clear (&us_finding_row_type, row);
}

void
us_note_row_clear (UsNoteRow *row) {
  us_row_clear (&us_note_row_type, row);
}

void
us_rollup_row_clear (UsRollupRow *row) {
  us_row_clear (&us_rollup_row_type, row);
}

void
us_thumbnail_row_clear (UsThumbnailRow *row) {
  g_clear_pointer (&row->jpeg, g_bytes_unref);
  us_row_clear (&us_thumbnail_row_type, row);
}

void
us_delivery_row_clear (UsDeliveryRow *row) {
  us_row_clear (&us_delivery_row_type, row);
}

void
us_outgoing_row_clear (UsOutgoingRow *row) {
  us_row_clear (&us_outgoing_row_type, row);
}
