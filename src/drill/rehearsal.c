/* rehearsal.c - plays drills on one chain: waits until it is whole, breaks it, watches, waits again
 *
 * A rehearsal is a program that a person or a test waits for, not a daemon; so its steps are
 * written one below the other, and wait_until() turns the main loop in between, on which relays,
 * viewer and the looks at /healthz live. Everything on the main thread. It ends early when
 * settings.is_over is set, when a process that must run has ended, or when the chain does not
 * become whole.
 */
#define US_LOG_TOPIC "drill"
#include "drill/rehearsal.h"

#include <signal.h>
#include <unistd.h>

#include <json-glib/json-glib.h>

#include "base/log.h"
#include "base/timer.h"
#include "http/client.h"

#define UP_MS 90000    /* for the chain to come up and play */
#define WHOLE_MS 60000 /* for the pair to be whole again */
#define TICK_MS 20
#define LOOK_MS 200
#define BUSY_MS 250       /* so late may a tick be without a word */
#define RUN_IN_SEGMENTS 3 /* seen to appear before the first fault: the usual cadence */

struct UsRehearsal {
  UsRehearsalSettings settings;
  UsViewer *viewer;
  UsHttpClient *client;
  GCancellable *cancellable;
  GSource *tick, *look;
  UsHealth *health;     /* nullable: of the last look */
  gint64 health_us;     /* when that look began */
  gboolean was_noticed; /* the switcher found an origin wanting, since the injection */
  GBytes *last_playlist;
  GPtrArray *results;
  GError *failure; /* nullable: the chain is no more */
  gboolean is_looking, is_wired;
  gboolean was_interchangeable; /* at the beginning, and so must be again after each drill */
  guint n_wanted;               /* segments that wait_until() waits for */
  gint64 wanted_us;             /* looks that began before do not count */
  gint64 tick_us, late_us;      /* of the last tick; the latest that one was in this drill */
};

static void say (UsRehearsal *rehearsal, const char *format, ...) G_GNUC_PRINTF (2, 3);

static void
say (UsRehearsal *rehearsal, const char *format, ...) {
  va_list args;
  va_start (args, format);
  g_autofree char *line = g_strdup_vprintf (format, args);
  va_end (args);
  rehearsal->settings.say (line, rehearsal->settings.user_data);
}

/* ---- looking ---- */

typedef struct {
  UsRehearsal *rehearsal;
  gint64 begun_us;
} Look;

static void
on_health (GObject *source, GAsyncResult *result, gpointer data) {
  g_autofree Look *look = data;
  UsRehearsal *rehearsal = look->rehearsal;
  g_autoptr (UsHttpReply) reply
      = us_http_client_fetch_finish (US_HTTP_CLIENT (source), result, NULL);
  rehearsal->is_looking = FALSE;
  g_clear_pointer (&rehearsal->health, us_health_free);
  rehearsal->health = us_health_read (reply != NULL ? reply->body : NULL);
  rehearsal->health_us = look->begun_us;
  if (rehearsal->health != NULL && !us_health_is_whole (rehearsal->health))
    rehearsal->was_noticed = TRUE;
}

/* Own origins are known only when the chain has chosen its ports. */
static gboolean
wire_relays (UsRehearsal *rehearsal, GError **error) {
  for (guint i = 0; i < US_N_SIDES; i++) {
    UsDrillRelay *relay = rehearsal->settings.relays[i];
    const char *origin = rehearsal->settings.origins[i];
    if (origin == NULL)
      origin = us_chain_get_origin (rehearsal->settings.chain, (UsSide)i);
    if (relay == NULL)
      continue;
    if (origin == NULL)
      return TRUE; /* not yet */
    if (!us_drill_relay_set_origin (relay, origin, error))
      return FALSE;
  }
  rehearsal->is_wired = TRUE;
  return TRUE;
}

static gboolean
on_look (gpointer data) {
  UsRehearsal *rehearsal = data;
  UsHttpFetch fetch = { .connect_timeout_ms = 1000,
                        .first_byte_timeout_ms = 1000,
                        .deadline_ms = 2000,
                        .max_bytes = 1024 * 1024 };
  UsChain *chain = rehearsal->settings.chain;
  if (rehearsal->failure == NULL && !us_chain_look (chain, &rehearsal->failure))
    return G_SOURCE_CONTINUE;
  if (!rehearsal->is_wired && rehearsal->failure == NULL
      && !wire_relays (rehearsal, &rehearsal->failure))
    return G_SOURCE_CONTINUE;
  const char *switcher = us_chain_get_switcher (chain);
  if (switcher == NULL || rehearsal->is_looking)
    return G_SOURCE_CONTINUE;
  Look *look = g_new0 (Look, 1);
  g_autofree char *url = g_strconcat (switcher, "/healthz", NULL);
  look->rehearsal = rehearsal;
  look->begun_us = g_get_monotonic_time ();
  rehearsal->is_looking = TRUE;
  us_http_client_fetch_async (rehearsal->client, url, &fetch, rehearsal->cancellable, on_health,
                              look);
  return G_SOURCE_CONTINUE;
}

/* Turns the loop, and sees when this process itself got no time: then the numbers are the
 * machine's, not the chain's. */
static gboolean
on_tick (gpointer data) {
  UsRehearsal *rehearsal = data;
  gint64 now_us = g_get_monotonic_time ();
  if (rehearsal->tick_us > 0)
    rehearsal->late_us
        = MAX (rehearsal->late_us, now_us - rehearsal->tick_us - TICK_MS * G_TIME_SPAN_MILLISECOND);
  rehearsal->tick_us = now_us;
  return G_SOURCE_CONTINUE;
}

/* ---- waiting ---- */

typedef gboolean (*Check) (UsRehearsal *rehearsal);

static gboolean
is_over (const UsRehearsal *rehearsal) {
  return *rehearsal->settings.is_over || rehearsal->failure != NULL;
}

/* Returns: whether @check came true in time */
static gboolean
wait_until (UsRehearsal *rehearsal, Check check, gint64 timeout_ms) {
  gint64 end_us = g_get_monotonic_time () + timeout_ms * 1000;
  while (!is_over (rehearsal)) {
    if (check != NULL && check (rehearsal))
      return TRUE;
    if (g_get_monotonic_time () >= end_us)
      return FALSE;
    g_main_context_iteration (NULL, TRUE);
  }
  return FALSE;
}

static gboolean
is_chain_up (UsRehearsal *rehearsal) {
  return us_chain_is_up (rehearsal->settings.chain) && rehearsal->is_wired
         && us_chain_get_viewer (rehearsal->settings.chain) != NULL;
}

static gboolean
is_playing (UsRehearsal *rehearsal) {
  return us_viewer_is_playing (rehearsal->viewer);
}

static gboolean
is_whole (UsRehearsal *rehearsal) {
  return us_chain_is_up (rehearsal->settings.chain) && rehearsal->health != NULL
         && rehearsal->health_us >= rehearsal->wanted_us && us_health_is_whole (rehearsal->health)
         && (!rehearsal->was_interchangeable || rehearsal->health->is_interchangeable);
}

static gboolean
has_segments (UsRehearsal *rehearsal) {
  return us_account_get_n_segments (us_viewer_get_account (rehearsal->viewer))
         >= rehearsal->n_wanted;
}

static gboolean
has_looked (UsRehearsal *rehearsal) {
  return rehearsal->health != NULL && rehearsal->health_us >= rehearsal->wanted_us;
}

static gboolean
wait_segments (UsRehearsal *rehearsal, guint n) {
  rehearsal->n_wanted = us_account_get_n_segments (us_viewer_get_account (rehearsal->viewer)) + n;
  return wait_until (rehearsal, has_segments, WHOLE_MS);
}

static gboolean
wait_whole (UsRehearsal *rehearsal) {
  rehearsal->wanted_us = g_get_monotonic_time ();
  return wait_until (rehearsal, is_whole, WHOLE_MS);
}

/* ---- the viewer ---- */

static void
on_request (UsViewer *viewer, const UsViewerRequest *request, gpointer data) {
  UsRehearsal *rehearsal = data;
  us_evidence_add_request (rehearsal->settings.evidence, request);
}

static void
on_playlist (UsViewer *viewer, GBytes *text, gpointer data) {
  UsRehearsal *rehearsal = data;
  us_evidence_add_playlist (rehearsal->settings.evidence, text);
  g_clear_pointer (&rehearsal->last_playlist, g_bytes_unref);
  rehearsal->last_playlist = g_bytes_ref (text);
}

static const UsViewerHandler viewer_handler = { on_request, on_playlist };

/* ---- one drill ---- */

typedef struct {
  UsRehearsal *rehearsal;
  UsDrillResult *result;
  UsSide side;
  guint64 n_touched[US_N_SIDES]; /* of the relays, before */
  gboolean was_signalled;
  gboolean is_stopped; /* a packager got SIGSTOP and no SIGCONT yet */
} Course;

static gboolean
do_fault (Course *course, const UsFault *fault, GError **error) {
  const UsRehearsalSettings *settings = &course->rehearsal->settings;
  g_autofree char *text = us_fault_describe (fault);
  us_drill_result_note (course->result, "%s",
                        fault->kind == US_FAULT_NONE ? "the fault ends" : text);
  for (guint i = 0; i < US_N_SIDES; i++) {
    gboolean is_meant = course->result->drill->hits_both || i == course->side;
    if (is_meant && settings->relays[i] != NULL
        && !us_drill_relay_set_fault (settings->relays[i], fault, error))
      return FALSE;
  }
  return TRUE;
}

static gboolean
do_signal (Course *course, UsDrillNeed need, int number, const char *what, GError **error) {
  us_drill_result_note (course->result, "%s", what);
  course->was_signalled = TRUE;
  course->is_stopped = number == SIGSTOP;
  return us_chain_signal (course->rehearsal->settings.chain, need, course->side, number, error);
}

/* A refused connection is nothing that a relay could count: there the switcher is the witness. */
static gboolean
was_touched (const Course *course) {
  gboolean is_touched = course->was_signalled || course->rehearsal->was_noticed;
  for (guint i = 0; i < US_N_SIDES; i++) {
    UsDrillRelayStats stats = { 0 };
    if (course->rehearsal->settings.relays[i] != NULL)
      us_drill_relay_get_stats (course->rehearsal->settings.relays[i], &stats);
    is_touched = is_touched || stats.n_touched > course->n_touched[i];
  }
  return is_touched;
}

static void
wait_touched (Course *course, gint64 most_ms) {
  for (gint64 waited_ms = 0;
       waited_ms < most_ms && !was_touched (course) && !is_over (course->rehearsal);
       waited_ms += LOOK_MS)
    wait_until (course->rehearsal, NULL, LOOK_MS);
}

static gboolean
do_step (Course *course, const UsDrillStep *step, GError **error) {
  UsChain *chain = course->rehearsal->settings.chain;
  switch (step->kind) {
  case US_STEP_FAULT:
    return do_fault (course, &step->fault, error);
  case US_STEP_KILL_PACKAGER:
    return do_signal (course, US_NEED_PACKAGER, SIGKILL, "SIGKILL for the packager", error);
  case US_STEP_STOP_PACKAGER:
    return do_signal (course, US_NEED_PACKAGER, SIGSTOP, "SIGSTOP for the packager", error);
  case US_STEP_CONT_PACKAGER:
    return do_signal (course, US_NEED_PACKAGER, SIGCONT, "SIGCONT for the packager", error);
  case US_STEP_KILL_ENCODER:
    return do_signal (course, US_NEED_ENCODER, SIGKILL, "SIGKILL for the encoder", error);
  case US_STEP_KILL_INGEST:
    return do_signal (course, US_NEED_INGEST, SIGKILL, "SIGKILL for the ingest", error);
  case US_STEP_START_ENCODER:
    us_drill_result_note (course->result, "the encoder may come back");
    return us_chain_start_encoder (chain, error);
  case US_STEP_MEET:
    wait_touched (course, step->ms);
    return TRUE;
  case US_STEP_WAIT:
  default:
    wait_until (course->rehearsal, NULL, step->ms);
    return TRUE;
  }
}

static gboolean
do_steps (Course *course, const UsDrillStep *steps, GError **error) {
  for (const UsDrillStep *step = steps; step->kind != US_STEP_WAIT || step->ms > 0; step++) {
    if (is_over (course->rehearsal))
      return TRUE;
    if (!do_step (course, step, error))
      return FALSE;
  }
  return TRUE;
}

/* Whatever a drill that was cut short has left behind. A process that is not there any more needs
 * no SIGCONT. */
static void
make_good (Course *course) {
  const UsRehearsalSettings *settings = &course->rehearsal->settings;
  g_autoptr (GError) error = NULL;
  if (course->is_stopped
      && !us_chain_signal (settings->chain, US_NEED_PACKAGER, course->side, SIGCONT, &error))
    us_debug ("no SIGCONT: %s", error->message);
  g_clear_error (&error);
  for (guint i = 0; i < US_N_SIDES; i++) {
    if (settings->relays[i] != NULL
        && !us_drill_relay_set_fault (settings->relays[i], NULL, &error))
      us_warning ("a relay does not listen again: %s", error->message);
    g_clear_error (&error);
  }
}

static void
remember_touches (Course *course) {
  for (guint i = 0; i < US_N_SIDES; i++) {
    UsDrillRelayStats stats = { 0 };
    if (course->rehearsal->settings.relays[i] != NULL)
      us_drill_relay_get_stats (course->rehearsal->settings.relays[i], &stats);
    course->n_touched[i] = stats.n_touched;
  }
}

static void
take_picture (UsRehearsal *rehearsal, const char *name) {
  GBytes *init;
  GBytes *segment = us_viewer_get_last_segment (rehearsal->viewer, &init);
  us_evidence_add_picture (rehearsal->settings.evidence, name, segment, init);
}

/* The steps that are possible here; NULL, with the reason as the verdict, when there are none. */
static const UsDrillStep *
choose_steps (Course *course) {
  UsDrillResult *result = course->result;
  const UsDrill *drill = result->drill;
  const UsRehearsalSettings *settings = &course->rehearsal->settings;
  static const char *const options[]
      = { "", "--primary-pid and --backup-pid", "--encoder-pid", "--ingest-pid" };
  if (us_chain_has (settings->chain, drill->need, course->side))
    return drill->steps;
  if (drill->instead != NULL && settings->relays[course->side] != NULL) {
    us_drill_result_note (result, "no process to signal: the relay plays it");
    return drill->instead;
  }
  result->is_skipped = TRUE;
  result->verdict = g_strdup_printf ("skipped: needs %s", options[drill->need]);
  return NULL;
}

static UsSide
choose_side (const UsRehearsal *rehearsal) {
  if (rehearsal->settings.hit != US_HIT_ACTIVE)
    return rehearsal->settings.hit == US_HIT_BACKUP ? US_SIDE_BACKUP : US_SIDE_PRIMARY;
  return rehearsal->health != NULL ? rehearsal->health->active : US_SIDE_PRIMARY;
}

static const char *
hit_word (const UsDrill *drill, UsSide side) {
  if (drill->hits_both)
    return "both";
  if (drill->need == US_NEED_ENCODER || drill->need == US_NEED_INGEST)
    return "source";
  return us_side_word (side);
}

/* What there is to say of the pair before the fault: afterwards it may be in the middle of it. */
static void
note_pair (Course *course) {
  const UsHealth *health = course->rehearsal->health;
  UsDrillResult *result = course->result;
  if (health == NULL)
    return;
  result->is_interchangeable = health->is_interchangeable;
  result->pair = g_strdup (health->pair != NULL         ? health->pair
                           : health->is_interchangeable ? "identical"
                                                        : "foreign");
  us_drill_result_note (result, "active is %s, the pair is %s", us_side_word (health->active),
                        result->pair);
}

static void
judge (Course *course, gboolean has_recovered) {
  UsRehearsal *rehearsal = course->rehearsal;
  UsDrillResult *result = course->result;
  UsDrillCourse facts = { .is_interchangeable = result->is_interchangeable,
                          .was_touched = was_touched (course),
                          .has_recovered = has_recovered };
  rehearsal->wanted_us = g_get_monotonic_time ();
  wait_until (rehearsal, has_looked, 2000);
  us_drill_result_take_health (result, g_steal_pointer (&rehearsal->health));
  result->ended = us_moment_now ();
  us_account_felt (us_viewer_get_account (rehearsal->viewer), result->injected.monotonic_us,
                   result->ended.monotonic_us, &result->felt);
  result->verdict = us_drill_judge (result->drill, &facts, &result->felt, &result->has_passed);
  result->loop_late_ms = rehearsal->late_us / 1000;
  if (result->loop_late_ms > BUSY_MS)
    us_drill_result_note (
        result, "this machine was busy: the drill itself was late by up to %" G_GINT64_FORMAT " ms",
        result->loop_late_ms);
}

static void
play_course (Course *course, const UsDrillStep *steps) {
  UsRehearsal *rehearsal = course->rehearsal;
  UsDrillResult *result = course->result;
  g_autoptr (GError) error = NULL;
  take_picture (rehearsal, "before");
  remember_touches (course);
  rehearsal->late_us = 0;
  rehearsal->was_noticed = FALSE;
  result->injected = us_moment_now ();
  gboolean is_done = do_steps (course, steps, &error);
  make_good (course);
  gboolean has_recovered = is_done && wait_whole (rehearsal) && wait_segments (rehearsal, 2);
  if (has_recovered)
    us_drill_result_note (result, "the pair is whole");
  take_picture (rehearsal, "after");
  judge (course, has_recovered);
  if (!is_done) {
    g_free (result->verdict);
    result->verdict = g_strdup_printf ("could not be done: %s", error->message);
    result->has_passed = FALSE;
  }
}

static void
report (UsRehearsal *rehearsal, UsDrillResult *result) {
  const UsFelt *felt = &result->felt;
  us_evidence_end (rehearsal->settings.evidence, result);
  us_evidence_write_results (rehearsal->settings.evidence, rehearsal->results,
                             rehearsal->settings.pair);
  if (result->is_skipped)
    say (rehearsal, "%-16s %s", result->drill->name, result->verdict);
  else
    say (rehearsal,
         "%-16s %-7s %s  %s (stall %" G_GINT64_FORMAT " ms, failed %u, missing %u, repeated %u, "
         "delay %" G_GINT64_FORMAT " ms)",
         result->drill->name, result->hit, result->has_passed ? "passed" : "FAILED",
         result->verdict, felt->stall_ms, felt->failed_requests, felt->missing_frames,
         felt->repeated_frames, felt->added_delay_ms);
}

static void
play_drill (UsRehearsal *rehearsal, const UsDrill *drill, guint run) {
  UsDrillResult *result = us_drill_result_new (drill, run);
  Course course = { .rehearsal = rehearsal, .result = result };
  g_ptr_array_add (rehearsal->results, result);
  us_evidence_begin (rehearsal->settings.evidence, drill, rehearsal->last_playlist);
  gboolean is_ready = wait_whole (rehearsal);
  us_account_rejoin (us_viewer_get_account (rehearsal->viewer), g_get_monotonic_time ());
  course.side = choose_side (rehearsal);
  result->hit = g_strdup (hit_word (drill, course.side));
  note_pair (&course);
  const UsDrillStep *steps = choose_steps (&course);
  if (steps != NULL && !is_ready)
    result->verdict = g_strdup ("not begun: the pair was not whole within a minute");
  else if (steps != NULL)
    play_course (&course, steps);
  report (rehearsal, result);
}

/* ---- the rehearsal ---- */

/**
 * us_rehearsal_new:
 * @settings: copied; what it points to must outlive the rehearsal
 */
UsRehearsal *
us_rehearsal_new (const UsRehearsalSettings *settings) {
  UsRehearsal *rehearsal = g_new0 (UsRehearsal, 1);
  rehearsal->settings = *settings;
  rehearsal->client = us_http_client_new ("understudy-drill");
  rehearsal->cancellable = g_cancellable_new ();
  rehearsal->results = g_ptr_array_new_with_free_func ((GDestroyNotify)us_drill_result_free);
  us_timer_start (&rehearsal->tick, TICK_MS, "drill-tick", on_tick, rehearsal);
  us_timer_start (&rehearsal->look, LOOK_MS, "drill-look", on_look, rehearsal);
  return rehearsal;
}

static gboolean
fail (UsRehearsal *rehearsal, const char *what, GError **error) {
  if (rehearsal->failure != NULL) {
    g_propagate_prefixed_error (error, g_steal_pointer (&rehearsal->failure), "%s: ", what);
    return FALSE;
  }
  const char *why = *rehearsal->settings.is_over ? "interrupted" : "not in time";
  g_set_error (error, G_IO_ERROR, G_IO_ERROR_FAILED, "%s: %s", what, why);
  return FALSE;
}

static gboolean
announce (UsRehearsal *rehearsal, GError **error) {
  const UsRehearsalSettings *settings = &rehearsal->settings;
  g_autoptr (JsonBuilder) json = json_builder_new ();
  if (settings->announce == NULL)
    return TRUE;
  json_builder_begin_object (json);
  json_builder_set_member_name (json, "viewer");
  json_builder_add_string_value (json, us_chain_get_viewer (settings->chain));
  json_builder_set_member_name (json, "switcher");
  json_builder_add_string_value (json, us_chain_get_switcher (settings->chain));
  json_builder_set_member_name (json, "pid");
  json_builder_add_int_value (json, getpid ());
  json_builder_set_member_name (json, "drills");
  json_builder_begin_array (json);
  for (guint i = 0; i < settings->drills->len; i++) {
    const UsDrill *drill = settings->drills->pdata[i];
    json_builder_add_string_value (json, drill->name);
  }
  json_builder_end_array (json);
  json_builder_end_object (json);
  g_autoptr (JsonNode) root = json_builder_get_root (json);
  g_autofree char *text = json_to_string (root, TRUE);
  return g_file_set_contents (settings->announce, text, -1, error);
}

/**
 * us_rehearsal_begin:
 * @error: when the chain does not come up, or is interrupted
 *
 * Starts the chain, waits until it plays and the pair is whole, and says where to watch.
 */
gboolean
us_rehearsal_begin (UsRehearsal *rehearsal, GError **error) {
  UsChain *chain = rehearsal->settings.chain;
  if (!us_chain_start (chain, error) || !us_chain_look (chain, error))
    return FALSE;
  say (rehearsal, "starting");
  if (!wait_until (rehearsal, is_chain_up, UP_MS))
    return fail (rehearsal, "the chain did not come up", error);
  if (!us_chain_start_encoder (chain, error))
    return FALSE;
  rehearsal->viewer = us_viewer_new (us_chain_get_viewer (chain), &viewer_handler, rehearsal);
  if (!wait_until (rehearsal, is_playing, UP_MS))
    return fail (rehearsal, "there is nothing to play", error);
  if (!wait_until (rehearsal, is_whole, UP_MS))
    return fail (rehearsal, "the pair did not become whole", error);
  say (rehearsal, "playing %s", us_chain_get_viewer (chain));
  return announce (rehearsal, error);
}

/**
 * us_rehearsal_play:
 * @error: when the chain ended on the way, or it was interrupted
 *
 * Plays all drills. What they brought is in us_rehearsal_get_results() in either case.
 */
gboolean
us_rehearsal_play (UsRehearsal *rehearsal, GError **error) {
  const UsRehearsalSettings *settings = &rehearsal->settings;
  wait_until (rehearsal, NULL, settings->lead_in_ms);
  wait_segments (rehearsal, RUN_IN_SEGMENTS);
  rehearsal->wanted_us = g_get_monotonic_time ();
  if (wait_until (rehearsal, has_looked, WHOLE_MS))
    rehearsal->was_interchangeable = rehearsal->health->is_interchangeable;
  for (guint run = 1; run <= settings->runs; run++) {
    for (guint i = 0; i < settings->drills->len && !is_over (rehearsal); i++)
      play_drill (rehearsal, settings->drills->pdata[i], run);
  }
  us_evidence_write_results (settings->evidence, rehearsal->results, settings->pair);
  return is_over (rehearsal) ? fail (rehearsal, "the rehearsal ended early", error) : TRUE;
}

/**
 * us_rehearsal_wait:
 *
 * Keeps the chain until settings.is_over is set or a process ends.
 */
void
us_rehearsal_wait (UsRehearsal *rehearsal) {
  while (!is_over (rehearsal))
    g_main_context_iteration (NULL, TRUE);
}

/**
 * us_rehearsal_get_results:
 *
 * Returns: (transfer none) (element-type UsDrillResult): so far
 */
const GPtrArray *
us_rehearsal_get_results (const UsRehearsal *rehearsal) {
  return rehearsal->results;
}

/**
 * us_rehearsal_free:
 * @rehearsal: (transfer full) (nullable): ends the viewer, not the chain
 */
void
us_rehearsal_free (UsRehearsal *rehearsal) {
  if (rehearsal == NULL)
    return;
  us_timer_stop (&rehearsal->look);
  us_viewer_free (rehearsal->viewer);
  g_cancellable_cancel (rehearsal->cancellable);
  while (rehearsal->is_looking)
    g_main_context_iteration (NULL, TRUE);
  us_timer_stop (&rehearsal->tick);
  g_ptr_array_unref (rehearsal->results);
  g_clear_pointer (&rehearsal->last_playlist, g_bytes_unref);
  g_clear_pointer (&rehearsal->health, us_health_free);
  g_clear_error (&rehearsal->failure);
  g_clear_object (&rehearsal->client);
  g_clear_object (&rehearsal->cancellable);
  g_free (rehearsal);
}
