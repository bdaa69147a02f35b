/* finding.c - what is wrong with a stream: opened, repeated, closed, never listed twice
 *
 * Detectors say what they see, again and again; people want to hear of it once. Between the two
 * stands this table of open findings, one per stream, keyed by check and rendition. It belongs to
 * who watches the stream and lives in that loop; times come from the caller.
 *
 * An event (a check that lasts) stays open for its time after the last hit, as bad as the worst hit
 * of that time; a standing condition is as bad as it was at the last judgement. Enough events
 * within two minutes are UNHEALTHY whatever each of them was.
 */
#include "finding/finding.h"

#define ESCALATION_US (120 * G_USEC_PER_SEC)
#define MAX_ESCALATES_AT 8 /* the highest of check.c is below */
#define N_SEVERITIES (US_SEVERITY_UNHEALTHY + 1)

/* Entry: @hit_us: when it was last hit with each severity; @recent_us: the last hits that count
 * for escalation, as a ring. G_MININT64: never. */
typedef struct {
  UsFinding finding;
  gint64 hit_us[N_SEVERITIES];
  gint64 recent_us[MAX_ESCALATES_AT];
  guint n_recent;
} Entry;

/* The key of an entry is the entry: check and rendition of its finding. */
struct UsFindings {
  GHashTable *entries; /* element-type Entry, as a set */
  guint n_open[US_N_CHECKS];
};

/* ---- hits ---- */

static void
hit_clear (gpointer hit) {
  g_free (((UsHit *)hit)->text);
}

/**
 * us_hits_new:
 *
 * Returns: (transfer full) (element-type UsHit): empty; every hit in it frees its text
 */
UsHits *
us_hits_new (void) {
  UsHits *hits = g_array_new (FALSE, TRUE, sizeof (UsHit));
  g_array_set_clear_func (hits, hit_clear);
  return hits;
}

/**
 * us_hits_free:
 * @hits: (transfer full)
 */
void
us_hits_free (UsHits *hits) {
  g_array_unref (hits);
}

/**
 * us_hits_add:
 * @value: what was measured, in base units; %NAN: nothing that is a number
 * @limit: what it was held against; %NAN: nothing
 * @text_format: one plain sentence without a full stop
 */
void
us_hits_add (UsHits *hits, UsCheck check, UsSeverity severity, double value, double limit,
             const char *text_format, ...) {
  va_list args;
  va_start (args, text_format);
  UsHit hit = { .check = check, .severity = severity, .value = value, .limit = limit };
  hit.text = g_strdup_vprintf (text_format, args);
  va_end (args);
  g_array_append_val (hits, hit);
}

/* ---- the table ---- */

static guint
entry_hash (gconstpointer key) {
  const UsFinding *finding = key;
  return (guint)finding->rendition * US_N_CHECKS + finding->check;
}

static gboolean
entry_equal (gconstpointer a, gconstpointer b) {
  const UsFinding *one = a, *other = b;
  return one->check == other->check && one->rendition == other->rendition;
}

static void
entry_free (gpointer entry) {
  g_free (((Entry *)entry)->finding.text);
  g_free (entry);
}

/**
 * us_findings_new:
 *
 * Returns: (transfer full): nothing open
 */
UsFindings *
us_findings_new (void) {
  UsFindings *findings = g_new0 (UsFindings, 1);
  G_STATIC_ASSERT (G_STRUCT_OFFSET (Entry, finding) == 0);
  findings->entries = g_hash_table_new_full (entry_hash, entry_equal, entry_free, NULL);
  return findings;
}

/**
 * us_findings_free:
 * @findings: (transfer full)
 *
 * What is open is forgotten, not closed: no call is made.
 */
void
us_findings_free (UsFindings *findings) {
  g_hash_table_unref (findings->entries);
  g_free (findings);
}

static Entry *
find_entry (const UsFindings *findings, UsCheck check, int rendition) {
  UsFinding key = { .check = check, .rendition = rendition };
  return g_hash_table_lookup (findings->entries, &key);
}

static void
close_entry (UsFindings *findings, Entry *entry, gint64 wall_us, UsFindingChanged changed,
             gpointer user_data) {
  g_hash_table_steal (findings->entries, entry);
  findings->n_open[entry->finding.check]--;
  entry->finding.closed_wall_us = MAX (wall_us, 1);
  if (changed != NULL)
    changed (&entry->finding, US_FINDING_CLOSED, user_data);
  entry_free (entry);
}

/* Orders the worst first, then the oldest. */
static int
compare_findings (gconstpointer a, gconstpointer b) {
  const UsFinding *one = *(const UsFinding *const *)a, *other = *(const UsFinding *const *)b;
  if (one->severity != other->severity)
    return one->severity > other->severity ? -1 : 1;
  if (one->first_us != other->first_us)
    return one->first_us < other->first_us ? -1 : 1;
  return one->id < other->id ? -1 : one->id > other->id;
}

/* A table that is full takes what is worse than the least that is in it. */
static gboolean
make_room (UsFindings *findings, UsSeverity severity, gint64 wall_us, UsFindingChanged changed,
           gpointer user_data) {
  if (g_hash_table_size (findings->entries) < US_FINDINGS_MAX_OPEN)
    return TRUE;
  g_autoptr (GPtrArray) list = us_findings_list (findings);
  Entry *least = g_ptr_array_index (list, list->len - 1);
  if (least->finding.severity >= severity)
    return FALSE;
  close_entry (findings, least, wall_us, changed, user_data);
  return TRUE;
}

/* What the hits up to now make of it. */
static UsSeverity
weigh (const Entry *entry, gint64 now_us) {
  const UsCheckInfo *info = us_check_info (entry->finding.check);
  gint64 lasts_us = (gint64)info->lasts_ms * G_TIME_SPAN_MILLISECOND;
  UsSeverity severity = US_SEVERITY_INFO;
  for (guint i = 0; i < N_SEVERITIES; i++) {
    gboolean counts = lasts_us > 0 ? now_us - lasts_us < entry->hit_us[i]
                                   : entry->hit_us[i] == entry->finding.last_us;
    if (entry->hit_us[i] != G_MININT64 && counts)
      severity = (UsSeverity)i;
  }
  guint n = 0;
  for (guint i = 0; i < MIN (entry->n_recent, MAX_ESCALATES_AT); i++)
    n += now_us - ESCALATION_US < entry->recent_us[i];
  return info->escalates_at > 0 && n >= info->escalates_at ? US_SEVERITY_UNHEALTHY : severity;
}

static void
renew (Entry *entry, const UsHit *hit, gint64 now_us, gint64 wall_us) {
  UsFinding *finding = &entry->finding;
  finding->last_us = now_us;
  finding->last_wall_us = wall_us;
  finding->count++;
  finding->value = hit->value;
  finding->limit = hit->limit;
  if (g_strcmp0 (finding->text, hit->text) != 0) {
    g_free (finding->text);
    finding->text = g_strdup (hit->text);
  }
  /* A standing condition that has become less bad is so at once, even within one moment. */
  if (us_check_info (hit->check)->lasts_ms == 0)
    for (guint i = 0; i < N_SEVERITIES; i++)
      entry->hit_us[i] = G_MININT64;
  entry->hit_us[hit->severity] = now_us;
  if (hit->severity > US_SEVERITY_INFO)
    entry->recent_us[entry->n_recent++ % MAX_ESCALATES_AT] = now_us;
}

/**
 * us_findings_hit:
 * @rendition: its index, or %US_FINDING_WHOLE
 * @now_us: monotonic time
 * @wall_us: since the epoch
 * @changed: (nullable): called for a finding that opens, or gets worse than it ever was; also for
 *   one that is closed to make room for a worse one
 *
 * Renews an open finding, opens one otherwise. More than %US_FINDINGS_MAX_OPEN are not kept.
 */
void
us_findings_hit (UsFindings *findings, int rendition, const UsHit *hit, gint64 now_us,
                 gint64 wall_us, UsFindingChanged changed, gpointer user_data) {
  static guint64
      last_id; /* all findings live in one loop; rises over restarts, as the clock does */
  Entry *entry = find_entry (findings, hit->check, rendition);
  gboolean is_new = entry == NULL;
  if (is_new) {
    if (!make_room (findings, hit->severity, wall_us, changed, user_data))
      return;
    entry = g_new0 (Entry, 1);
    last_id = MAX (last_id + 1, (guint64)MAX (wall_us, 0));
    entry->finding = (UsFinding){ .id = last_id,
                                  .check = hit->check,
                                  .rendition = rendition,
                                  .first_us = now_us,
                                  .first_wall_us = wall_us };
    for (guint i = 0; i < N_SEVERITIES; i++)
      entry->hit_us[i] = G_MININT64;
    g_hash_table_add (findings->entries, entry);
    findings->n_open[hit->check]++;
  }
  renew (entry, hit, now_us, wall_us);
  UsFinding *finding = &entry->finding;
  finding->severity = weigh (entry, now_us);
  gboolean is_worse = finding->severity > finding->worst;
  finding->worst = MAX (finding->worst, finding->severity);
  if (changed != NULL && (is_new || is_worse))
    changed (finding, is_new ? US_FINDING_OPENED : US_FINDING_ESCALATED, user_data);
}

static gboolean
is_among (UsCheck check, const UsCheck *checks) {
  for (guint i = 0; checks[i] != US_N_CHECKS; i++)
    if (checks[i] == check)
      return TRUE;
  return FALSE;
}

/**
 * us_findings_judge:
 * @checks: the checks that were judged; ends with %US_N_CHECKS
 * @hits: those that hold; of several with the same check the worst counts
 *
 * See us_findings_hit() for the rest.
 */
void
us_findings_judge (UsFindings *findings, int rendition, const UsCheck *checks, const UsHits *hits,
                   gint64 now_us, gint64 wall_us, UsFindingChanged changed, gpointer user_data) {
  const UsHit *worst[US_N_CHECKS] = { NULL };
  for (guint i = 0; i < hits->len; i++) {
    const UsHit *hit = &g_array_index (hits, UsHit, i);
    if (worst[hit->check] == NULL || hit->severity > worst[hit->check]->severity)
      worst[hit->check] = hit;
  }
  /* What ends first makes room for what begins. */
  for (guint i = 0; checks[i] != US_N_CHECKS; i++) {
    Entry *entry = worst[checks[i]] == NULL && findings->n_open[checks[i]] > 0
                       ? find_entry (findings, checks[i], rendition)
                       : NULL;
    if (entry != NULL)
      close_entry (findings, entry, wall_us, changed, user_data);
  }
  for (UsCheck check = 0; check < US_N_CHECKS; check++)
    if (worst[check] != NULL && is_among (check, checks))
      us_findings_hit (findings, rendition, worst[check], now_us, wall_us, changed, user_data);
}

/**
 * us_findings_tick:
 *
 * To be called about once a second. Standing conditions are not touched: they close when they are
 * judged.
 */
void
us_findings_tick (UsFindings *findings, gint64 now_us, gint64 wall_us, UsFindingChanged changed,
                  gpointer user_data) {
  g_autoptr (GPtrArray) entries = us_findings_list (findings);
  for (guint i = 0; i < entries->len; i++) {
    Entry *entry = g_ptr_array_index (entries, i);
    gint64 lasts_us
        = (gint64)us_check_info (entry->finding.check)->lasts_ms * G_TIME_SPAN_MILLISECOND;
    if (lasts_us > 0 && now_us - entry->finding.last_us >= lasts_us)
      close_entry (findings, entry, wall_us, changed, user_data);
    else
      entry->finding.severity = weigh (entry, now_us);
  }
}

/**
 * us_findings_close_all:
 * @rendition: whose; ignored when @all
 */
void
us_findings_close_all (UsFindings *findings, int rendition, gboolean all, gint64 now_us,
                       gint64 wall_us, UsFindingChanged changed, gpointer user_data) {
  g_autoptr (GPtrArray) entries = us_findings_list (findings);
  for (guint i = 0; i < entries->len; i++) {
    Entry *entry = g_ptr_array_index (entries, i);
    if (all || entry->finding.rendition == rendition)
      close_entry (findings, entry, wall_us, changed, user_data);
  }
}

/**
 * us_findings_list:
 *
 * Returns: (transfer container) (element-type UsFinding): what is open, the worst first, then the
 *   oldest; valid until @findings changes
 */
GPtrArray *
us_findings_list (const UsFindings *findings) {
  GPtrArray *list = g_ptr_array_sized_new (g_hash_table_size (findings->entries));
  GHashTableIter iter;
  gpointer entry;
  g_hash_table_iter_init (&iter, findings->entries);
  while (g_hash_table_iter_next (&iter, &entry, NULL))
    g_ptr_array_add (list, entry);
  g_ptr_array_sort (list, compare_findings);
  return list;
}

/**
 * us_findings_find:
 *
 * Returns: (transfer none) (nullable): the open one
 */
const UsFinding *
us_findings_find (const UsFindings *findings, UsCheck check, int rendition) {
  const Entry *entry = find_entry (findings, check, rendition);
  return entry != NULL ? &entry->finding : NULL;
}

/**
 * us_findings_has:
 *
 * Returns: whether @check is open of the stream or of any rendition
 */
gboolean
us_findings_has (const UsFindings *findings, UsCheck check) {
  return findings->n_open[check] > 0;
}
