/* segment-probe.c - fetches one segment with what it needs, tries again, and looks into it
 *
 * Owned by a rendition of a watch, which has one at a time, as a player has. Steps: initialisation
 * section, key, segment; what is there already is stepped over (next_step() decides, execute()
 * does). A 404 is asked again until nearly a target duration has passed, since what comes in that
 * time was only listed too early; other failures twice and quickly, since one lost packet is no
 * fault of the stream; one that hung is not asked again: a viewer has stalled by then. Ends once,
 * by its callback or by us_segment_probe_cancel().
 */
#include "monitor/segment-probe.h"

#include <string.h>

#include "base/aes128.h"
#include "hls/inspect.h"
#include "monitor/cadence.h"
#include "monitor/fetched.h"

#define MAX_TRIES 3
#define QUICK_RETRY_US (200 * 1000)
#define KEY_DEADLINE_MS 5000
#define MIN_LATE_US (500 * 1000)

typedef enum { STEP_MAP, STEP_KEY, STEP_SEGMENT, STEP_DONE } Step;

struct UsSegmentProbe {
  UsSegmentProbePlan plan; /* its strings are the probe's: a stream may change meanwhile */
  UsWanted *wanted;
  UsSegmentProbeDone done;
  gpointer user_data;
  Step step;
  guint n_tries; /* of this step */
  UsPollerJob *job;
  UsScheduled retry;
  UsKeyKind key_kind;
  char *key_url;
  guint8 iv[US_AES128_SIZE];
  GBytes *key;
  UsSegmentProbed probed;
};

static void execute (UsSegmentProbe *probe);

/* ---- pure parts ---- */

/**
 * us_segment_probe_retry_us:
 * @outcome: of the last try
 * @n_tries: so far
 * @target_duration_s: 0: not known
 *
 * A segment that is missing is asked again after 30 % and 80 % of a target duration.
 *
 * Returns: -1: that was the last one
 */
gint64
us_segment_probe_retry_us (UsOutcome outcome, guint n_tries, guint target_duration_s) {
  gint64 target_us = (gint64)CLAMP (target_duration_s, 1, 60) * G_USEC_PER_SEC;
  if (n_tries >= MAX_TRIES)
    return -1;
  switch (outcome) {
  case US_OUTCOME_MISSING:
    return n_tries == 1 ? target_us * 3 / 10 : target_us / 2;
  case US_OUTCOME_CONNECT:
  case US_OUTCOME_RESET:
  case US_OUTCOME_TRUNCATED:
  case US_OUTCOME_BUSY:
  case US_OUTCOME_5XX:
  case US_OUTCOME_4XX:
  case US_OUTCOME_DNS:
  case US_OUTCOME_TLS:
    return QUICK_RETRY_US * n_tries;
  case US_OUTCOME_OK:
  case US_OUTCOME_TIMEOUT:
  case US_OUTCOME_TOO_LARGE:
  case US_OUTCOME_REDIRECT:
  case US_OUTCOME_FORBIDDEN:
  case US_OUTCOME_AUTH:
  case US_OUTCOME_CONTENT:
  case US_N_OUTCOMES:
  default:
    return -1;
  }
}

static gboolean
read_iv (const char *text, guint8 iv[US_AES128_SIZE]) {
  if (text == NULL || (!g_str_has_prefix (text, "0x") && !g_str_has_prefix (text, "0X")))
    return FALSE;
  gsize length = strlen (text + 2);
  if (length == 0 || length > 2 * US_AES128_SIZE)
    return FALSE;
  memset (iv, 0, US_AES128_SIZE);
  for (gsize i = 0; i < length; i++) {
    int digit = g_ascii_xdigit_value (text[2 + length - 1 - i]);
    if (digit < 0)
      return FALSE;
    iv[US_AES128_SIZE - 1 - i / 2] |= (guint8)(digit << (i % 2 != 0 ? 4 : 0));
  }
  return TRUE;
}

/**
 * us_key_kind_word:
 *
 * Returns: (nullable): its name in events; %NULL: not encrypted
 */
const char *
us_key_kind_word (UsKeyKind kind) {
  static const char *const words[] = { NULL, "aes-128", "sample-aes", "other" };
  return words[kind];
}

/**
 * us_segment_probe_read_key:
 * @key: (nullable): attribute lists in force, one on each line, with absolute URIs and IVs
 * @url: (out) (transfer full) (nullable): of the key
 * @iv: (out)
 *
 * RFC 8216 4.3.2.4.
 *
 * Returns: whether and how it is encrypted
 */
UsKeyKind
us_segment_probe_read_key (const char *key, char **url, guint8 iv[16]) {
  *url = NULL;
  if (key == NULL)
    return US_KEY_NONE;
  gboolean is_sample = FALSE;
  g_auto (GStrv) lines = g_strsplit (key, "\n", -1);
  for (guint i = 0; lines[i] != NULL; i++) {
    g_autofree char *method = us_playlist_attribute (lines[i], "METHOD");
    g_autofree char *format = us_playlist_attribute (lines[i], "KEYFORMAT");
    g_autofree char *uri = us_playlist_attribute (lines[i], "URI");
    g_autofree char *iv_text = us_playlist_attribute (lines[i], "IV");
    if (g_strcmp0 (method, "AES-128") == 0 && uri != NULL
        && (format == NULL || strcmp (format, "identity") == 0) && read_iv (iv_text, iv)) {
      *url = g_steal_pointer (&uri);
      return US_KEY_AES128;
    }
    is_sample |= method != NULL && g_str_has_prefix (method, "SAMPLE-AES"); /* and -CTR */
  }
  return is_sample ? US_KEY_SAMPLE_AES : US_KEY_OPAQUE;
}

static char *
map_name (const UsWanted *wanted) {
  return g_strdup_printf ("%s %" G_GUINT64_FORMAT "+%" G_GUINT64_FORMAT, wanted->map_url,
                          wanted->map_range.offset, wanted->map_range.length);
}

/* ---- ends ---- */

static void
probe_free (UsSegmentProbe *probe) {
  us_poller_cancel (&probe->job);
  us_schedule_drop (probe->plan.schedule, &probe->retry);
  g_free ((char *)probe->plan.stream);
  g_free ((char *)probe->plan.own_url);
  g_free ((char *)probe->plan.authorization);
  us_wanted_free (probe->wanted);
  g_free (probe->key_url);
  g_clear_pointer (&probe->key, g_bytes_unref);
  g_clear_pointer (&probe->probed.seen, us_segment_seen_free);
  g_clear_pointer (&probe->probed.bytes, g_bytes_unref);
  g_clear_pointer (&probe->probed.init, g_bytes_unref);
  g_free (probe->probed.key_problem);
  g_free (probe);
}

void
us_segment_probe_cancel (UsSegmentProbe **probe) {
  if (*probe != NULL)
    probe_free (g_steal_pointer (probe));
}

/* Encrypted bytes are no media; that they could not be read is no fault of theirs. */
static void
decrypt (UsSegmentProbe *probe) {
  g_autoptr (GBytes) coded = g_steal_pointer (&probe->probed.bytes);
  if (probe->key_kind != US_KEY_AES128 || probe->key == NULL)
    return;
  probe->probed.bytes = us_aes128_decrypt (coded, g_bytes_get_data (probe->key, NULL), probe->iv);
  if (probe->probed.bytes == NULL)
    probe->probed.seen->media_error = g_strdup ("it cannot be decrypted with its key");
}

/* An EXT-X-KEY before EXT-X-MAP encrypts that too (RFC 8216 4.3.2.5), which not every packager
 * does. Of another key than the segment's nothing is known. */
static void
decrypt_init (UsSegmentProbe *probe) {
  g_autofree char *url = NULL;
  guint8 iv[US_AES128_SIZE];
  if (probe->probed.init == NULL || probe->key == NULL
      || us_segment_probe_read_key (probe->wanted->map_key, &url, iv) != US_KEY_AES128
      || g_strcmp0 (url, probe->key_url) != 0)
    return;
  GBytes *plain = us_aes128_decrypt (probe->probed.init, g_bytes_get_data (probe->key, NULL), iv);
  if (plain == NULL)
    return;
  g_bytes_unref (probe->probed.init);
  probe->probed.init = plain;
}

static void
look_into (UsSegmentProbe *probe) {
  g_autoptr (GError) error = NULL;
  if (probe->key_kind != US_KEY_NONE)
    decrypt (probe);
  decrypt_init (probe);
  if (probe->probed.bytes == NULL || !probe->plan.is_media)
    return;
  probe->probed.seen->media = us_inspect_segment (probe->probed.bytes, probe->probed.init, &error);
  if (probe->probed.seen->media == NULL)
    probe->probed.seen->media_error = g_strdup (error->message);
}

static void
finish (UsSegmentProbe *probe) {
  if (probe->probed.bytes != NULL)
    look_into (probe);
  probe->done (&probe->probed, probe->user_data);
  probe_free (probe);
}

/* ---- steps ---- */

static Step
next_step (Step step) {
  return step == STEP_MAP ? STEP_KEY : step == STEP_KEY ? STEP_SEGMENT : STEP_DONE;
}

static void
go_on (UsSegmentProbe *probe) {
  probe->step = next_step (probe->step);
  probe->n_tries = 0;
  execute (probe);
}

static void
on_retry (gint64 due_us, gpointer user_data) {
  execute (user_data);
}

/* What no player could ask for is a fault of the stream, not of our rules. */
static gboolean
is_for_players (const char *url) {
  const char *scheme = g_uri_peek_scheme (url);
  return g_strcmp0 (scheme, "http") == 0 || g_strcmp0 (scheme, "https") == 0;
}

static void
take_fetched (UsSegmentProbe *probe, UsAnswer *answer) {
  UsSegmentSeen *seen = probe->probed.seen;
  if (answer->fetched.outcome == US_OUTCOME_FORBIDDEN && !is_for_players (probe->wanted->url))
    answer->fetched.outcome = US_OUTCOME_CONTENT;
  us_fetched_clear (&seen->fetched);
  seen->fetched = answer->fetched;
  us_fetched_init (&answer->fetched);
  seen->n_tries = probe->n_tries;
  seen->was_missing |= seen->fetched.outcome == US_OUTCOME_MISSING
                       && us_segment_probe_retry_us (US_OUTCOME_MISSING, probe->n_tries,
                                                     probe->plan.target_duration_s)
                              >= 0;
}

/* Returns: whether this step is asked again */
static gboolean
try_again (UsSegmentProbe *probe, UsOutcome outcome) {
  gint64 wait_us
      = us_segment_probe_retry_us (outcome, probe->n_tries, probe->plan.target_duration_s);
  if (wait_us < 0)
    return FALSE;
  us_schedule_at (probe->plan.schedule, &probe->retry,
                  us_clock_monotonic_us (probe->plan.clock) + wait_us);
  return TRUE;
}

/* A server that knows no Range answers with the whole. */
static void
cut_range (UsAnswer *answer, const UsByteRange *range) {
  if (range->length == 0 || answer->fetched.outcome != US_OUTCOME_OK
      || answer->fetched.status != 200)
    return;
  g_autoptr (GBytes) whole = g_steal_pointer (&answer->body);
  gsize size = g_bytes_get_size (whole);
  if (range->offset <= size && range->length <= size - range->offset) {
    answer->body = g_bytes_new_from_bytes (whole, range->offset, range->length);
    return;
  }
  answer->fetched.outcome = US_OUTCOME_TRUNCATED;
  answer->fetched.problem
      = g_strdup_printf ("the resource has %" G_GSIZE_FORMAT " bytes, the range ends behind", size);
}

static void
on_map (UsAnswer *answer, gpointer user_data) {
  UsSegmentProbe *probe = user_data;
  cut_range (answer, &probe->wanted->map_range);
  UsOutcome outcome = answer->fetched.outcome;
  probe->job = NULL;
  if (outcome == US_OUTCOME_OK) {
    g_autofree char *name = map_name (probe->wanted);
    probe->probed.init = g_bytes_ref (answer->body);
    us_side_files_put (probe->plan.side_files, name, answer->body);
    go_on (probe);
  } else if (!try_again (probe, outcome)) {
    /* Without it the segment cannot be played: its failure is the segment's. */
    g_autofree char *problem = g_steal_pointer (&answer->fetched.problem);
    answer->fetched.problem = g_strconcat ("initialisation section: ", problem, NULL);
    take_fetched (probe, answer);
    finish (probe);
  }
}

static void
on_key (UsAnswer *answer, gpointer user_data) {
  UsSegmentProbe *probe = user_data;
  UsOutcome outcome = answer->fetched.outcome;
  probe->job = NULL;
  if (outcome == US_OUTCOME_OK && g_bytes_get_size (answer->body) == US_AES128_SIZE) {
    probe->key = g_bytes_ref (answer->body);
    us_side_files_put (probe->plan.side_files, probe->key_url, answer->body);
  } else if (outcome != US_OUTCOME_OK && try_again (probe, outcome)) {
    return;
  } else {
    probe->probed.key_problem = outcome != US_OUTCOME_OK
                                    ? g_steal_pointer (&answer->fetched.problem)
                                    : g_strdup_printf ("%" G_GSIZE_FORMAT " bytes, not 16",
                                                       g_bytes_get_size (answer->body));
  }
  go_on (probe);
}

static void
on_segment (UsAnswer *answer, gpointer user_data) {
  UsSegmentProbe *probe = user_data;
  cut_range (answer, &probe->wanted->range);
  UsOutcome outcome = answer->fetched.outcome;
  probe->job = NULL;
  take_fetched (probe, answer);
  if (try_again (probe, outcome))
    return;
  if (outcome == US_OUTCOME_OK)
    probe->probed.bytes = g_steal_pointer (&answer->body);
  finish (probe);
}

static void
ask (UsSegmentProbe *probe, const char *url, const UsByteRange *range, guint deadline_ms,
     gsize max_bytes, UsAnswered answered) {
  UsAsk ask = {
    .stream = probe->plan.stream,
    .url = url,
    .own_url = probe->plan.own_url,
    .authorization = probe->plan.authorization,
    .is_ours = probe->plan.is_ours,
    .range_from = range != NULL ? range->offset : 0,
    .range_length = range != NULL ? range->length : 0,
    .deadline_ms = deadline_ms,
    .max_bytes = max_bytes,
  };
  probe->n_tries++;
  probe->job = us_poller_ask (probe->plan.poller, &ask, answered, probe);
}

static void
execute_map (UsSegmentProbe *probe) {
  const UsWanted *wanted = probe->wanted;
  g_autofree char *name = map_name (wanted);
  if (wanted->map_url == NULL || !probe->plan.is_media)
    go_on (probe);
  else if ((probe->probed.init = us_side_files_get (probe->plan.side_files, name)) != NULL)
    go_on (probe);
  else
    ask (probe, wanted->map_url, &wanted->map_range,
         us_cadence_segment_deadline_ms (wanted->duration_us), US_SIDE_FILE_MAX_BYTES, on_map);
}

static void
execute_key (UsSegmentProbe *probe) {
  if (probe->key_url == NULL)
    probe->key_kind = us_segment_probe_read_key (probe->wanted->key, &probe->key_url, probe->iv);
  probe->probed.seen->encryption = us_key_kind_word (probe->key_kind);
  if (probe->key_kind != US_KEY_AES128)
    go_on (probe);
  else if ((probe->key = us_side_files_get (probe->plan.side_files, probe->key_url)) != NULL)
    go_on (probe);
  else
    ask (probe, probe->key_url, NULL, KEY_DEADLINE_MS, US_SIDE_FILE_MAX_BYTES, on_key);
}

static void
execute (UsSegmentProbe *probe) {
  const UsWanted *wanted = probe->wanted;
  switch (probe->step) {
  case STEP_MAP:
    execute_map (probe);
    break;
  case STEP_KEY:
    execute_key (probe);
    break;
  case STEP_SEGMENT:
    ask (probe, wanted->url, &wanted->range, us_cadence_segment_deadline_ms (wanted->duration_us),
         probe->plan.max_bytes, on_segment);
    break;
  case STEP_DONE:
  default:
    break;
  }
}

/**
 * us_segment_probe_start:
 * @plan: poller, schedule, side files and clock outlive the probe; strings are copied
 * @wanted: (transfer full)
 * @done: called once from the main loop, never from within this function
 *
 * Returns: (transfer none): for us_segment_probe_cancel(), until @done is called
 */
UsSegmentProbe *
us_segment_probe_start (const UsSegmentProbePlan *plan, UsWanted *wanted, UsSegmentProbeDone done,
                        gpointer user_data) {
  UsSegmentProbe *probe = g_new0 (UsSegmentProbe, 1);
  UsSegmentSeen *seen = g_new0 (UsSegmentSeen, 1);
  probe->plan = *plan;
  probe->plan.stream = g_strdup (plan->stream);
  probe->plan.own_url = g_strdup (plan->own_url);
  probe->plan.authorization = g_strdup (plan->authorization);
  probe->wanted = wanted;
  probe->done = done;
  probe->user_data = user_data;
  probe->retry = (UsScheduled){ .due = on_retry, .user_data = probe };
  us_fetched_init (&seen->fetched);
  seen->number = wanted->number;
  seen->discontinuity = wanted->discontinuity;
  seen->is_discontinuous = wanted->is_discontinuous;
  seen->duration_us = wanted->duration_us;
  seen->wall_ms = wanted->wall_ms;
  seen->from_oldest = wanted->from_oldest;
  seen->from_newest = wanted->from_newest;
  probe->probed.seen = seen;
  execute (probe);
  return probe;
}
