/* rendition-recall.c - what was listed just before this switcher was started
 *
 * Whoever watched the process before this one has its playlist, and may ask for the oldest segment
 * of it; RFC 8216 6.2.2 lets it answer for a while after it has left. So does an origin of ours,
 * which has such segments under the same names. They are asked for backwards from the first row, as
 * many as one that keeps to the rule has, while the first window is being filled; viewers wait for
 * it a little. Nothing depends on any of them: what nobody has is let go.
 */
#include "switcher/rendition-private.h"

#define US_LOG_TOPIC "switcher.rendition"
#include "base/log.h"

#define HEDGE_MS 100
#define DEADLINE_MS 4000
#define WAIT_US (500 * G_TIME_SPAN_MILLISECOND) /* of viewers, until the rest comes behind */

static void
on_fetched (UsFetchResult *result, gpointer user_data) {
  UsRendition *self = user_data;
  self->recall = NULL;
  if (result->segment != NULL
      && us_ledger_recall (self->ledger, result->segment, result->winner,
                           us_rendition_now_us (self))) {
    self->n_recalled++;
    self->stats.n_hedges += result->was_hedged ? 1 : 0;
    if (self->is_ready)
      self->setup.events.published (self, self->setup.events.user_data);
    us_rendition_recall (self);
  }
  if (self->recall == NULL && self->n_recalled > 0)
    us_info ("%s: %u segments from before the start answer again", self->name, self->n_recalled);
  self->setup.events.changed (self, self->setup.events.user_data);
}

static char *
find_url (const UsRendition *self, UsOriginId origin, const char *file) {
  const UsFollower *follower = self->followers[origin];
  return us_follower_get_kind (follower) == US_FOLLOWER_OURS ? us_follower_resolve (follower, file)
                                                             : NULL;
}

/**
 * us_rendition_recall:
 *
 * Asks for the segment before the oldest row, and then for those before it. To be called behind the
 * first row.
 */
void
us_rendition_recall (UsRendition *self) {
  const UsLedgerRow *first = us_ledger_get_row (self->ledger, 0);
  if (!first->is_ours || first->segment->number == 0
      || self->n_recalled > self->setup.access->playlist_length)
    return;
  guint64 epoch = first->segment->epoch, number = first->segment->number - 1;
  g_autofree char *file = us_segment_name (epoch, number);
  g_autofree char *name = us_ledger_name (self->ledger, epoch, number);
  UsOriginId active = self->setup.policy->active, other = us_origin_other (active);
  g_autofree char *active_url = find_url (self, active, file);
  g_autofree char *other_url = find_url (self, other, file);
  UsFetchPlan plan = {
    .kind = US_FETCH_OURS,
    .first = active_url != NULL ? active : other,
    .epoch = epoch,
    .number = number,
    .name = name,
    .hedge_ms = HEDGE_MS,
    .deadline_ms = DEADLINE_MS,
    .is_free = TRUE,
  };
  plan.url[active] = active_url;
  if (active_url == NULL || !us_policy_is_drained (self->setup.policy, other))
    plan.url[other] = other_url;
  if (plan.url[plan.first] != NULL)
    self->recall = us_fetch_start (self->setup.access, &plan, on_fetched, self);
}

/* Returns: whether viewers should not be told of the first window yet */
gboolean
us_rendition_is_recalling (const UsRendition *self) {
  return self->recall != NULL && us_rendition_now_us (self) - self->first_commit_us < WAIT_US;
}
