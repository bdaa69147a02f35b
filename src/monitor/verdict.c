/* verdict.c - the health of a stream: findings and time in, a state with reasons out
 *
 * Pure. What holds of one rendition is a fault of the stream only as far as viewers cannot avoid
 * it: one rung of a ladder that is down makes the stream DEGRADED, all of them, the only sound, or
 * nine in ten of everything make it UNHEALTHY. The state follows with hysteresis: hard faults at
 * once, soft ones when seen twice, and back one level at a time after it has been well for a while,
 * longer with each relapse. It is evaluated by a timer, never by what arrives: a stream from which
 * nothing comes any more has to change its state too.
 */
#include "monitor/verdict.h"

#define ALL_BUT_SHARE 0.9 /* of all renditions: awslabs SPD tolerates 0.9 to 0.95 */
#define WELL_EVALUATIONS 3
#define WELL_TARGET_DURATIONS 3
#define WELL_US (30 * G_USEC_PER_SEC)
#define WELL_MOST_US (15 * 60 * G_USEC_PER_SEC)
#define MAX_RELAPSES 10 /* doubling beyond is over WELL_MOST_US in any case */
/* What our own network does to a stream before it is found out; it takes three failed polls. */
#define DOUBTED_US (30 * G_USEC_PER_SEC)
/* Nagios: many changes in the last 20 set the flag, (nearly) none take it away. */
#define FLAPPING_EVALUATIONS 20
#define FLAPPING_ON 4
#define FLAPPING_OFF 1
#define FLAPPING_RELAPSES 2
#define N_MASK_BITS 64

/* Which of two equally bad findings is rather the cause of the other: the lower. */
static guint
causal_rank (UsCheck check) {
  static const guint8 ranks[] = {
    [US_CHECK_GROUP_REACH] = 0,   [US_CHECK_GROUP_PLAYLIST] = 2,  [US_CHECK_GROUP_SEQUENCE] = 3,
    [US_CHECK_GROUP_SEGMENT] = 4, [US_CHECK_GROUP_MEDIA] = 6,     [US_CHECK_GROUP_CONTENT] = 7,
    [US_CHECK_GROUP_MARKERS] = 8, [US_CHECK_GROUP_TIME] = 9,      [US_CHECK_GROUP_LADDER] = 10,
    [US_CHECK_GROUP_CHAIN] = 11,  [US_CHECK_GROUP_DELIVERY] = 12, [US_CHECK_GROUP_PROBE] = 13,
  };
  if (check == US_CHECK_STALE || check == US_CHECK_ENDLIST)
    return 1;
  if (check == US_CHECK_THROUGHPUT || check == US_CHECK_TTFB)
    return 5; /* what fails outright comes first */
  if (check == US_CHECK_CERT_EXPIRING)
    return 12;
  return ranks[us_check_info (check)->group];
}

/* Proof, not a sign: needs no second look. What is behind it has been seen several times. */
static gboolean
is_hard (UsCheck check) {
  return (us_check_info (check)->group == US_CHECK_GROUP_REACH && check != US_CHECK_CERT_EXPIRING)
         || check == US_CHECK_SEQUENCE_BACK || check == US_CHECK_SEQUENCE_RESET;
}

static guint64
bit_of (int rendition) {
  return rendition >= 0 && rendition < N_MASK_BITS ? G_GUINT64_CONSTANT (1) << rendition : 0;
}

static guint
count_bits (guint64 mask) {
  guint n = 0;
  for (; mask != 0; mask &= mask - 1)
    n++;
  return n;
}

/* Whether faults of these renditions leave a viewer nothing to go to. @is_segments: faults that are
 * found in segments only, so that renditions whose segments are not fetched are no way out. */
static gboolean
is_covering (const UsVerdictFacts *facts, guint64 ill, gboolean is_segments) {
  gboolean have_masks = (facts->video | facts->audio) != 0;
  gboolean is_part = is_segments && facts->looked_at != 0;
  guint64 looked_at = is_part ? facts->looked_at : G_MAXUINT64;
  guint64 video = (have_masks ? facts->video : G_MAXUINT64) & looked_at;
  guint64 audio = facts->audio & looked_at;
  guint n_video = have_masks || is_part ? count_bits (video) : facts->n_video;
  guint n_audio = count_bits (audio);
  guint n_ill = count_bits (ill & (video | audio));
  return (n_video > 0 && count_bits (ill & video) >= n_video)
         || (n_audio > 0 && count_bits (ill & audio) >= n_audio)
         || (n_ill > 0 && n_ill >= ALL_BUT_SHARE * (n_video + n_audio));
}

/* Tally: renditions with an UNHEALTHY finding, and what was said of the whole. */
typedef struct {
  guint64 ill, ill_segments; /* by anything, by what their segments are */
  guint64 hard;
  gboolean is_whole, is_whole_hard, is_degraded;
} Tally;

static gboolean
counts (const UsFinding *finding) {
  return finding->severity > US_SEVERITY_INFO
         && us_check_info (finding->check)->group != US_CHECK_GROUP_PROBE;
}

static void
tally_add (Tally *tally, const UsFinding *finding) {
  tally->is_degraded = TRUE;
  if (finding->severity < US_SEVERITY_UNHEALTHY)
    return;
  gboolean hard = is_hard (finding->check);
  if (finding->rendition == US_FINDING_WHOLE) {
    tally->is_whole = TRUE;
    tally->is_whole_hard = tally->is_whole_hard || hard;
    return;
  }
  guint64 bit = bit_of (finding->rendition);
  tally->ill |= bit;
  if (hard)
    tally->hard |= bit;
  UsCheckGroup group = us_check_info (finding->check)->group;
  if (group == US_CHECK_GROUP_SEGMENT || group == US_CHECK_GROUP_MEDIA
      || group == US_CHECK_GROUP_CONTENT)
    tally->ill_segments |= bit;
}

/* Orders: the more severe, then the more causal, then the older (the list is in that order). */
static gboolean
leads (const UsFinding *finding, const UsFinding *other) {
  if (other == NULL || finding->severity != other->severity)
    return other == NULL || finding->severity > other->severity;
  return causal_rank (finding->check) < causal_rank (other->check);
}

static UsHealth
judge (const UsVerdictFacts *facts, const GPtrArray *findings, const UsFinding **leading,
       const UsFinding **second, gboolean *hard) {
  Tally tally = { 0 };
  *leading = *second = NULL;
  for (guint i = 0; i < findings->len; i++) {
    const UsFinding *finding = g_ptr_array_index (findings, i);
    if (!counts (finding))
      continue;
    tally_add (&tally, finding);
    if (leads (finding, *leading))
      *leading = finding;
  }
  for (guint i = 0; i < findings->len; i++) {
    const UsFinding *finding = g_ptr_array_index (findings, i);
    if (counts (finding) && finding->check != (*leading)->check && leads (finding, *second))
      *second = finding;
  }
  *hard = tally.is_whole_hard || is_covering (facts, tally.hard, FALSE);
  if (tally.is_whole || is_covering (facts, tally.ill, FALSE)
      || is_covering (facts, tally.ill_segments, TRUE))
    return US_HEALTH_UNHEALTHY;
  return tally.is_degraded ? US_HEALTH_DEGRADED : US_HEALTH_HEALTHY;
}

/**
 * us_verdict_judge:
 * @leading: (out) (nullable) (transfer none): the most severe and most causal finding
 * @second: (out) (nullable) (transfer none): the next one of another check
 *
 * Without hysteresis, and without asking whether anything may be concluded at all.
 */
UsHealth
us_verdict_judge (const UsVerdictFacts *facts, const UsFinding **leading,
                  const UsFinding **second) {
  g_autoptr (GPtrArray) findings = us_findings_list (facts->findings);
  gboolean hard;
  return judge (facts, findings, leading, second, &hard);
}

/* ---- reasons ---- */

static void
set_reason (UsVerdict *verdict, guint index, char *text) {
  g_free (verdict->reasons[index]);
  verdict->reasons[index] = text;
}

static char *
reason_of (const UsVerdictFacts *facts, const GPtrArray *findings, const UsFinding *finding) {
  guint n_all = facts->n_video + facts->n_audio, n = 0;
  if (finding == NULL)
    return NULL;
  for (guint i = 0; i < findings->len; i++) {
    const UsFinding *other = g_ptr_array_index (findings, i);
    n += other->check == finding->check && other->rendition != US_FINDING_WHOLE && counts (other);
  }
  if (finding->rendition == US_FINDING_WHOLE || n_all <= 1)
    return g_strdup (finding->text);
  if (n >= n_all)
    return g_strdup_printf ("All %u renditions: %s", n_all, finding->text);
  return g_strdup_printf ("%u of %u renditions: %s", n, n_all, finding->text);
}

static void
set_reasons (UsVerdict *verdict, const UsVerdictFacts *facts, const GPtrArray *findings,
             const UsFinding *leading, const UsFinding *second) {
  if (verdict->health <= US_HEALTH_HEALTHY)
    leading = second = NULL; /* seen once only: not yet believed */
  gint64 well_us = verdict->well_since_us > 0 ? facts->now_us - verdict->well_since_us : 0;
  char *first = reason_of (facts, findings, leading);
  if (first == NULL && verdict->health > US_HEALTH_HEALTHY)
    first = g_strdup_printf ("No fault for %.0f s, held until it is sure to last",
                             (double)well_us / G_USEC_PER_SEC);
  else if (first == NULL && verdict->health == US_HEALTH_NO_DATA)
    first = g_strdup ("Not enough was seen yet");
  set_reason (verdict, 0, first);
  set_reason (verdict, 1, reason_of (facts, findings, second));
  if (leading != NULL) {
    verdict->leading = leading->check;
    verdict->leading_rendition = leading->rendition;
  } else if (verdict->health <= US_HEALTH_HEALTHY) {
    verdict->leading = US_N_CHECKS;
    verdict->leading_rendition = US_FINDING_WHOLE;
  } /* else: what it recovers from */
}

/* ---- hysteresis ---- */

static void
note_seen (UsVerdict *verdict, UsHealth seen) {
  gboolean is_change = verdict->seen != US_HEALTH_NO_DATA && seen != verdict->seen;
  guint32 mask = (1u << FLAPPING_EVALUATIONS) - 1;
  verdict->transitions = ((verdict->transitions << 1) | (is_change ? 1u : 0u)) & mask;
  guint n = count_bits (verdict->transitions);
  if (n >= FLAPPING_ON || verdict->n_relapses >= FLAPPING_RELAPSES)
    verdict->is_flapping = TRUE;
  else if (n <= FLAPPING_OFF)
    verdict->is_flapping = FALSE;
  verdict->n_seen = seen == verdict->seen ? verdict->n_seen + 1 : 1;
}

/* Returns: whether it is another one */
static gboolean
enter (UsVerdict *verdict, UsHealth health, gint64 now_us) {
  if (verdict->health == health)
    return FALSE;
  if (now_us - verdict->since_us >= DOUBTED_US)
    verdict->settled = verdict->health;
  verdict->health = health;
  verdict->since_us = now_us;
  verdict->well_since_us = 0;
  verdict->n_well = 0;
  verdict->has_advanced = FALSE;
  return TRUE;
}

/* How long it has to be well before it is believed. */
static gint64
hold_us (const UsVerdict *verdict, const UsVerdictFacts *facts) {
  gint64 base_us
      = MAX (WELL_US, (gint64)facts->target_duration_s * WELL_TARGET_DURATIONS * G_USEC_PER_SEC);
  return MIN (base_us << MIN (verdict->n_relapses, MAX_RELAPSES), WELL_MOST_US);
}

static gboolean
get_worse (UsVerdict *verdict, UsHealth health, gint64 now_us) {
  /* Anew within a quarter of an hour of getting better: it was not well at all. */
  if (verdict->improved_us != 0 && verdict->health != US_HEALTH_NO_DATA
      && now_us - verdict->improved_us <= WELL_MOST_US)
    verdict->n_relapses = MIN (verdict->n_relapses + 1, MAX_RELAPSES);
  verdict->improved_us = 0; /* getting worse step by step is one relapse */
  return enter (verdict, health, now_us);
}

static gboolean
get_better (UsVerdict *verdict, const UsVerdictFacts *facts) {
  if (verdict->well_since_us == 0) {
    verdict->well_since_us = MAX (facts->now_us, 1);
    verdict->n_well = 0;
    verdict->has_advanced = FALSE;
  }
  verdict->n_well++;
  verdict->has_advanced = verdict->has_advanced || facts->is_advancing;
  if (verdict->n_well < WELL_EVALUATIONS || !verdict->has_advanced
      || facts->now_us - verdict->well_since_us < hold_us (verdict, facts))
    return FALSE;
  verdict->improved_us = MAX (facts->now_us, 1);
  return enter (verdict, verdict->health - 1, facts->now_us);
}

static gboolean
step (UsVerdict *verdict, const UsVerdictFacts *facts, UsHealth seen, gboolean hard) {
  UsHealth confirmed = hard ? seen : MIN (seen, verdict->seen);
  note_seen (verdict, seen);
  verdict->seen = seen;
  if (verdict->health == US_HEALTH_HEALTHY && verdict->improved_us != 0
      && facts->now_us - verdict->improved_us > WELL_MOST_US) {
    verdict->n_relapses = 0; /* it has lasted */
    verdict->improved_us = 0;
  }
  if (verdict->health == US_HEALTH_NO_DATA
      && (seen == US_HEALTH_HEALTHY || verdict->resumes > US_HEALTH_HEALTHY))
    return enter (verdict, MAX (verdict->resumes, MAX (confirmed, US_HEALTH_HEALTHY)),
                  facts->now_us);
  if (confirmed > verdict->health)
    return get_worse (verdict, confirmed, facts->now_us);
  if (seen < verdict->health)
    return get_better (verdict, facts);
  verdict->well_since_us = 0;
  return FALSE;
}

/* What it goes on from when something is known again. */
static UsHealth
resumes (const UsVerdict *verdict, const UsVerdictFacts *facts) {
  if (facts->is_paused)
    return US_HEALTH_NO_DATA;
  if (verdict->health == US_HEALTH_NO_DATA)
    return verdict->resumes;
  if (facts->now_us - verdict->since_us >= DOUBTED_US)
    return verdict->health;
  return MIN (verdict->health, verdict->settled);
}

static gboolean
step_no_data (UsVerdict *verdict, const UsVerdictFacts *facts) {
  const UsFinding *network
      = us_findings_find (facts->findings, US_CHECK_PROBE_NETWORK, US_FINDING_WHOLE);
  const char *why = "No answer yet";
  if (facts->is_paused)
    why = "Paused";
  else if (facts->is_probe_at_fault)
    why = network != NULL ? network->text : "Our own network or machine fails, nothing can be said";
  verdict->resumes = resumes (verdict, facts);
  set_reason (verdict, 0, g_strdup (why));
  set_reason (verdict, 1, NULL);
  verdict->leading = US_N_CHECKS;
  verdict->leading_rendition = US_FINDING_WHOLE;
  verdict->seen = US_HEALTH_NO_DATA;
  verdict->n_seen = 0;
  return enter (verdict, US_HEALTH_NO_DATA, facts->now_us);
}

/**
 * us_verdict_step:
 *
 * To be called by a timer, about twice in a target duration, whether anything was heard or not.
 */
gboolean
us_verdict_step (UsVerdict *verdict, const UsVerdictFacts *facts) {
  if (facts->is_paused || facts->is_probe_at_fault || !facts->has_evidence)
    return step_no_data (verdict, facts);
  g_autoptr (GPtrArray) findings = us_findings_list (facts->findings);
  const UsFinding *leading, *second;
  gboolean hard;
  UsHealth seen = judge (facts, findings, &leading, &second, &hard);
  gboolean is_changed = step (verdict, facts, seen, hard);
  set_reasons (verdict, facts, findings, leading, second);
  return is_changed;
}

/**
 * us_verdict_clear:
 *
 * Back to the zeros it began with.
 */
void
us_verdict_clear (UsVerdict *verdict) {
  g_free (verdict->reasons[0]);
  g_free (verdict->reasons[1]);
  *verdict = (UsVerdict){ 0 };
}
