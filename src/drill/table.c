/* table.c - the drills as data, and the verdict as a pure function
 *
 * Times are chosen for segments of 2 s: a fault lasts three of them, so that whatever patience the
 * switcher has is used up, and a viewer's buffer of three target durations as well.
 */
#include "drill/table.h"

#include <gio/gio.h>
#include <string.h>

#define LAST_MS 6000 /* how long a fault lasts */
#define END                                                                                        \
  {                                                                                                \
    US_STEP_WAIT, 0, {                                                                             \
      0                                                                                            \
    }                                                                                              \
  }
#define WAIT(ms)                                                                                   \
  {                                                                                                \
    US_STEP_WAIT, ms, {                                                                            \
      0                                                                                            \
    }                                                                                              \
  }
/* Of a pair with the same segments either origin may be asked for the next ones: what shows in
 * segments only stays until one was asked for. */
#define MEET                                                                                       \
  {                                                                                                \
    US_STEP_MEET, 20000, {                                                                         \
      0                                                                                            \
    }                                                                                              \
  }
#define FAULT(kind, on, value, one)                                                                \
  {                                                                                                \
    US_STEP_FAULT, 0, {                                                                            \
      kind, on, value, one                                                                         \
    }                                                                                              \
  }
#define CLEAR FAULT (US_FAULT_NONE, US_FAULT_ON_ALL, 0, FALSE)
#define DO(kind)                                                                                   \
  {                                                                                                \
    kind, 0, {                                                                                     \
      0                                                                                            \
    }                                                                                              \
  }
#define REFUSE FAULT (US_FAULT_REFUSE, US_FAULT_ON_ALL, 0, FALSE)
#define BLACKHOLE FAULT (US_FAULT_BLACKHOLE, US_FAULT_ON_ALL, 0, FALSE)
#define CLOCK(s) FAULT (US_FAULT_CLOCK, US_FAULT_ON_PLAYLISTS, (s)*1000, FALSE)
#define STEPS static const UsDrillStep

// clang-format off
STEPS kill_steps[] = { DO (US_STEP_KILL_PACKAGER), WAIT (LAST_MS), END };
STEPS kill_instead[] = { REFUSE, WAIT (3000), CLEAR, WAIT (3000), END };
STEPS freeze_steps[]
    = { DO (US_STEP_STOP_PACKAGER), WAIT (LAST_MS), DO (US_STEP_CONT_PACKAGER), WAIT (1000), END };
STEPS blackhole[] = { BLACKHOLE, WAIT (LAST_MS), CLEAR, WAIT (1000), END };
STEPS refuse[] = { REFUSE, WAIT (LAST_MS), CLEAR, WAIT (1000), END };
STEPS slow[]
    = { FAULT (US_FAULT_SLOW, US_FAULT_ON_ALL, 50000, FALSE), WAIT (LAST_MS), CLEAR, END };
STEPS one_404[]
    = { FAULT (US_FAULT_STATUS, US_FAULT_ON_SEGMENTS, 404, TRUE), WAIT (LAST_MS), MEET, CLEAR, END };
STEPS all_5xx[]
    = { FAULT (US_FAULT_STATUS, US_FAULT_ON_ALL, 500, FALSE), WAIT (LAST_MS), CLEAR, END };
STEPS truncated[]
    = { FAULT (US_FAULT_TRUNCATE, US_FAULT_ON_SEGMENTS, 0, FALSE), WAIT (LAST_MS), MEET, CLEAR, END };
STEPS corrupt[]
    = { FAULT (US_FAULT_CORRUPT, US_FAULT_ON_SEGMENTS, 0, FALSE), WAIT (LAST_MS), MEET, CLEAR, END };
STEPS frozen[]
    = { FAULT (US_FAULT_FROZEN, US_FAULT_ON_PLAYLISTS, 0, FALSE), WAIT (LAST_MS), CLEAR, END };
STEPS behind[]
    = { FAULT (US_FAULT_BEHIND, US_FAULT_ON_PLAYLISTS, 1, FALSE), WAIT (LAST_MS), CLEAR, END };
STEPS regress[]
    = { FAULT (US_FAULT_REGRESS, US_FAULT_ON_PLAYLISTS, 5, FALSE), WAIT (LAST_MS), CLEAR, END };
STEPS clock_step[] = { CLOCK (30), WAIT (4000), CLOCK (-30), WAIT (4000), CLOCK (3600), WAIT (4000),
                       CLOCK (-3600), WAIT (4000), CLEAR, WAIT (2000), END };
STEPS flapping_1s[] = {
  REFUSE, WAIT (500), CLEAR, WAIT (500), REFUSE, WAIT (500), CLEAR, WAIT (500),
  REFUSE, WAIT (500), CLEAR, WAIT (500), REFUSE, WAIT (500), CLEAR, WAIT (500),
  REFUSE, WAIT (500), CLEAR, WAIT (500), REFUSE, WAIT (500), CLEAR, WAIT (500), END };
STEPS flapping_5s[] = { REFUSE, WAIT (2500), CLEAR, WAIT (2500), REFUSE, WAIT (2500), CLEAR,
                        WAIT (2500), REFUSE, WAIT (2500), CLEAR, WAIT (2500), END };
STEPS flapping_30s[] = { REFUSE, WAIT (15000), CLEAR, WAIT (15000), REFUSE, WAIT (15000), CLEAR,
                         WAIT (15000), END };
STEPS both_dead[] = { REFUSE, WAIT (5000), CLEAR, WAIT (1000), END };
STEPS encoder_gone[] = { DO (US_STEP_KILL_ENCODER), WAIT (3000), DO (US_STEP_START_ENCODER), END };
STEPS ingest_restart[] = { DO (US_STEP_KILL_INGEST), WAIT (3000), END };

const UsDrill us_drills[] = {
  { "kill", "SIGKILL for the packager", US_NEED_PACKAGER, kill_steps, kill_instead },
  { "freeze", "SIGSTOP for the packager, SIGCONT after 6 s", US_NEED_PACKAGER, freeze_steps, blackhole },
  { "refuse", "connections to the origin are refused for 6 s", US_NEED_NOTHING, refuse },
  { "blackhole", "the origin accepts and says nothing for 6 s", US_NEED_NOTHING, blackhole },
  { "slow", "the origin sends 50 kB/s for 6 s", US_NEED_NOTHING, slow },
  { "404-once", "one segment of the origin is not there", US_NEED_NOTHING, one_404 },
  { "5xx", "the origin answers 500 to everything for 6 s", US_NEED_NOTHING, all_5xx },
  { "truncated", "segments end half-way and the connection is closed, for 6 s", US_NEED_NOTHING, truncated },
  { "corrupt", "bytes in the middle of segments are overwritten, for 6 s", US_NEED_NOTHING, corrupt },
  { "frozen-playlist", "the origin answers the same playlist for 6 s, as if it were fresh", US_NEED_NOTHING, frozen },
  { "behind", "the origin's playlist is one segment behind for 6 s", US_NEED_NOTHING, behind },
  { "regress", "the origin's media sequence goes back by 5 for 6 s", US_NEED_NOTHING, regress },
  { "clock-step", "the origin's clock jumps by +30 s, -30 s, +1 h and -1 h", US_NEED_NOTHING, clock_step },
  { "flapping-1s", "connections are refused and accepted, each for 0.5 s", US_NEED_NOTHING, flapping_1s },
  { "flapping-5s", "connections are refused and accepted, each for 2.5 s", US_NEED_NOTHING, flapping_5s },
  { "flapping-30s", "connections are refused and accepted, each for 15 s; only when named", US_NEED_NOTHING, flapping_30s, .is_on_request = TRUE },
  { "both-dead", "both origins refuse for 5 s and come back", US_NEED_NOTHING, both_dead, .is_source_gone = TRUE, .hits_both = TRUE },
  { "encoder-gone", "SIGKILL for the encoder, back after 3 s", US_NEED_ENCODER, encoder_gone, .is_source_gone = TRUE },
  { "ingest-restart", "SIGKILL for the ingest", US_NEED_INGEST, ingest_restart, .is_source_gone = TRUE },
};
// clang-format on
const guint us_n_drills = G_N_ELEMENTS (us_drills);

const UsDrill *
us_drill_find (const char *name) {
  for (guint i = 0; i < us_n_drills; i++) {
    if (strcmp (us_drills[i].name, name) == 0)
      return &us_drills[i];
  }
  return NULL;
}

/**
 * us_drill_names:
 *
 * Returns: (transfer full): all names, for a message
 */
char *
us_drill_names (void) {
  g_autoptr (GString) out = g_string_new ("all, flapping");
  for (guint i = 0; i < us_n_drills; i++)
    g_string_append_printf (out, ", %s", us_drills[i].name);
  return g_string_free (g_steal_pointer (&out), FALSE);
}

static gboolean
is_meant (const UsDrill *drill, const char *name) {
  if (strcmp (name, "all") == 0)
    return !drill->is_on_request;
  if (strcmp (name, "flapping") == 0)
    return !drill->is_on_request && g_str_has_prefix (drill->name, "flapping-");
  return strcmp (name, drill->name) == 0;
}

/**
 * us_drill_select:
 * @names: (array zero-terminated): of drills; "all" and "flapping" stand for several
 * @error: when there is no such drill
 *
 * Returns: (transfer full) (element-type UsDrill): in the order given, each once
 */
GPtrArray *
us_drill_select (const char *const *names, GError **error) {
  g_autoptr (GPtrArray) chosen = g_ptr_array_new ();
  for (guint n = 0; names[n] != NULL; n++) {
    gboolean has_one = FALSE;
    for (guint i = 0; i < us_n_drills; i++) {
      if (!is_meant (&us_drills[i], names[n]))
        continue;
      has_one = TRUE;
      if (!g_ptr_array_find (chosen, &us_drills[i], NULL))
        g_ptr_array_add (chosen, (gpointer)&us_drills[i]);
    }
    if (!has_one) {
      g_autofree char *all = us_drill_names ();
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
                   "'%.60s': unknown drill; there are %s", names[n], all);
      return NULL;
    }
  }
  return g_steal_pointer (&chosen);
}

static char *
judge_playing (const UsDrillCourse *course, const UsFelt *felt) {
  gint64 allowed_ms = course->is_interchangeable ? 0 : US_DRILL_FOREIGN_STALL_MS;
  if (felt->stall_ms > allowed_ms)
    return g_strdup_printf ("playback stood still for %" G_GINT64_FORMAT " ms, %" G_GINT64_FORMAT
                            " are allowed",
                            felt->stall_ms, allowed_ms);
  if (!course->is_interchangeable)
    return NULL;
  if (felt->missing_frames > 0)
    return g_strdup_printf ("%u frames missing", felt->missing_frames);
  if (felt->repeated_frames > 0)
    return g_strdup_printf ("%u frames repeated", felt->repeated_frames);
  return NULL;
}

/**
 * us_drill_judge:
 * @drill: what was done
 * @course: what happened
 * @felt: what a viewer felt from the injection until the pair was whole again
 * @passed: (out): the verdict in a word
 *
 * Returns: (transfer full): the verdict in a sentence
 */
char *
us_drill_judge (const UsDrill *drill, const UsDrillCourse *course, const UsFelt *felt,
                gboolean *passed) {
  *passed = FALSE;
  if (felt->failed_requests > 0)
    return g_strdup_printf ("%u of the viewer's requests failed", felt->failed_requests);
  if (felt->violations != NULL && felt->violations->len > 0)
    return g_strdup_printf ("%u rules broken: %s", felt->violations->len,
                            (const char *)felt->violations->pdata[0]);
  if (drill->is_source_gone && felt->discontinuities > 1)
    return g_strdup_printf ("%u DISCONTINUITY tags, one is allowed", felt->discontinuities);
  char *fault = drill->is_source_gone ? NULL : judge_playing (course, felt);
  if (fault != NULL)
    return fault;
  if (!course->was_touched)
    return g_strdup ("the fault met nothing: nothing is proven");
  if (!course->has_recovered)
    return g_strdup ("the pair was not whole again in time");
  *passed = TRUE;
  if (!drill->is_source_gone)
    return g_strdup ("nobody noticed");
  return felt->stall_ms > 0 ? g_strdup_printf (
             "played on after %" G_GINT64_FORMAT " ms without a source", felt->stall_ms)
                            : g_strdup ("nobody noticed");
}
