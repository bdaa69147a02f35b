/* repeat.c - a standing condition that begins again and again
 *
 * Pure. Events are counted as they happen (finding.c); what stands is there or not, and how often
 * it began has to be remembered beside it. That nobody could look for a moment is no end.
 */
#include "monitor/repeat.h"

#define WINDOW_US (120 * (gint64)G_USEC_PER_SEC)
#define PAUSE_US (10 * (gint64)G_USEC_PER_SEC)

/**
 * us_repeat_note:
 * @repeat: (inout)
 * @now_us: monotonic; positive
 *
 * To be called at every evaluation.
 */
gboolean
us_repeat_note (UsRepeat *repeat, gboolean stands, double kind, gint64 now_us) {
  gboolean was_lately
      = repeat->stood_us > 0 && (repeat->stands || now_us - repeat->stood_us < PAUSE_US);
  repeat->stands = stands;
  if (!stands)
    return FALSE;
  if (!was_lately || repeat->kind < kind || repeat->kind > kind) {
    repeat->begun_us[0] = repeat->begun_us[1];
    repeat->begun_us[1] = now_us;
  }
  repeat->kind = kind;
  repeat->stood_us = now_us;
  return repeat->begun_us[0] > 0 && now_us - repeat->begun_us[0] <= WINDOW_US;
}
