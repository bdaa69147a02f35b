/* test-incident.c - the life of an incident, told second by second */
#include "incident/incident.h"

#define START_US (1000 * G_USEC_PER_SEC)

typedef struct {
  UsIncidentLife life;
  gint64 now_s;
  GString *seen; /* "O@10 C@15": what happened, and in which second */
  guint n_opened;
} World;

static void
world_init (World *world) {
  *world = (World){ .seen = g_string_new (NULL) };
}

static void
world_clear (World *world) {
  g_string_free (world->seen, TRUE);
}

static void
feed (World *world, UsHealth health, UsCheck leading, gboolean is_in_maintenance) {
  static const char letters[] = { [US_INCIDENT_OPENS] = 'O',
                                  [US_INCIDENT_REOPENS] = 'R',
                                  [US_INCIDENT_RELAPSES] = 'L',
                                  [US_INCIDENT_RECOVERS] = 'C',
                                  [US_INCIDENT_RESOLVES] = 'V' };
  const UsIncidentFacts facts = { .now_us = START_US + world->now_s * G_USEC_PER_SEC,
                                  .health = health,
                                  .leading = leading,
                                  .is_in_maintenance = is_in_maintenance };
  UsIncidentStep step = us_incident_step (&world->life, &facts);
  if (step != US_INCIDENT_KEEP)
    g_string_append_printf (world->seen, "%s%c@%" G_GINT64_FORMAT, world->seen->len > 0 ? " " : "",
                            letters[step], world->now_s);
  world->n_opened += step == US_INCIDENT_OPENS;
  world->now_s++;
}

/* @script: letters with seconds: H healthy, D degraded, U unhealthy (leading: stale), X unhealthy
 * (leading: dns), N no data, M unhealthy in maintenance, A acknowledge, B resolve by hand, "H30"
 * meaning thirty evaluations, one a second. */
static void
play (World *world, const char *script) {
  for (const char *p = script; *p != '\0';) {
    char letter = *p++;
    if (letter == ' ')
      continue;
    gint64 n = g_ascii_isdigit (*p) ? g_ascii_strtoll (p, (char **)&p, 10) : 1;
    gint64 now_us = START_US + world->now_s * G_USEC_PER_SEC;
    if (letter == 'A')
      g_string_append (world->seen, us_incident_acknowledge (&world->life) ? " A" : " a");
    else if (letter == 'B')
      g_string_append (world->seen, us_incident_resolve (&world->life, US_HEALTH_UNHEALTHY, now_us)
                                        ? " B"
                                        : " b");
    else
      for (gint64 i = 0; i < n; i++)
        feed (world,
              letter == 'H'   ? US_HEALTH_HEALTHY
              : letter == 'D' ? US_HEALTH_DEGRADED
              : letter == 'N' ? US_HEALTH_NO_DATA
                              : US_HEALTH_UNHEALTHY,
              letter == 'H' || letter == 'N' ? US_N_CHECKS
              : letter == 'X'                ? US_CHECK_DNS
                                             : US_CHECK_STALE,
              letter == 'M');
  }
}

static void
test_lives (void) {
  static const struct {
    const char *what, *script, *seen;
  } rows[] = {
    { "well", "H600", "" },
    { "nothing known", "N600", "" },
    { "unhealthy: at once", "H10 U1", "O@10" },
    { "unhealthy from the start", "U1", "O@0" },
    { "degraded for two minutes: not yet", "D121", "" },
    { "degraded for longer", "D122", "O@121" },
    { "degraded, well, degraded", "D100 H1 D100 H1", "" },
    { "degraded turns worse", "D10 U1", "O@10" },
    { "resolved after half a minute", "U5 H31", "O@0 C@5 V@35" },
    { "not a second sooner", "U5 H30", "O@0 C@5" },
    { "degraded is no recovery", "U5 D300", "O@0" },
    { "a relapse doubles the hold", "U5 H10 U5 H61", "O@0 C@5 L@15 C@20 V@80" },
    { "a degraded relapse too", "U5 H10 D1 H61", "O@0 C@5 L@15 C@16 V@76" },
    { "no data resolves nothing", "U5 H10 N3600 H20", "O@0 C@5" },
    { "... and takes nothing from the hold", "U5 H10 N3600 H21", "O@0 C@5 V@3635" },
    { "no data after unhealthy", "U5 N3600 U1", "O@0" },
    { "no data is no degraded time", "D100 N3600 D21", "" },
    { "... it goes on where it was", "D100 N3600 D22", "O@3721" },
    { "maintenance: none opens", "M600 H10", "" },
    { "... degraded before it does not count", "D100 M10 D100", "" },
    { "... it opens at its end", "M600 U1", "O@600" },
    { "maintenance in an incident: it lives on", "U5 M100 H31", "O@0 C@105 V@135" },
    { "the same within ten minutes", "U1 H31 H300 U1", "O@0 C@1 V@31 R@332" },
    { "... at the last second", "U1 H31 H599 U1", "O@0 C@1 V@31 R@631" },
    { "... and later", "U1 H31 H600 U1", "O@0 C@1 V@31 O@632" },
    { "another fault within ten minutes", "U1 H31 X1", "O@0 C@1 V@31 O@32" },
    { "reopened twice: the hold has grown", "U1 H31 U1 H61 U1 H120",
      "O@0 C@1 V@31 R@32 C@33 V@93 R@94 C@95" },
    { "acknowledged once", "U1 A A H31 A", "O@0 A a C@1 V@31 a" },
    { "acknowledged while recovering", "U1 H5 A A U1 A", "O@0 C@1 A a L@6 a" },
    { "acknowledged anew when reopened", "U1 A H31 U1 A", "O@0 A C@1 V@31 R@32 A" },
    { "nothing to acknowledge", "H5 A", " a" },
    { "resolved by hand while ill", "U10 B U600", "O@0 B" },
    { "... well, and ill again", "U10 B U5 H1 U1", "O@0 B R@16" },
    { "... nothing known is not well", "U10 B N5 U10", "O@0 B" },
    { "nothing to resolve by hand", "B U1 H31 B", " b O@0 C@1 V@31 b" },
  };
  for (guint i = 0; i < G_N_ELEMENTS (rows); i++) {
    World world;
    g_test_message ("%s", rows[i].what);
    world_init (&world);
    play (&world, rows[i].script);
    g_assert_cmpstr (world.seen->str, ==, rows[i].seen);
    world_clear (&world);
  }
}

/* Resolved by hand when degraded: worse is news. */
static void
test_dismissed_and_worse (void) {
  World world;
  world_init (&world);
  play (&world, "D122");
  g_assert_true (us_incident_resolve (&world.life, US_HEALTH_DEGRADED, START_US + 122000000));
  play (&world, "D600");
  g_assert_cmpstr (world.seen->str, ==, "O@121");
  play (&world, "U1");
  g_assert_cmpstr (world.seen->str, ==, "O@121 R@722");
  world_clear (&world);
}

/* An hour of a stream that comes and goes: one incident, whatever the period. */
static void
test_flapping (void) {
  static const struct {
    guint on_s, off_s;
  } rows[] = { { 1, 1 }, { 5, 5 }, { 15, 15 }, { 30, 30 }, { 1, 29 }, { 60, 30 }, { 30, 300 } };
  for (guint i = 0; i < G_N_ELEMENTS (rows); i++) {
    World world;
    world_init (&world);
    while (world.now_s < 3600) {
      for (guint k = 0; k < rows[i].on_s; k++)
        feed (&world, US_HEALTH_UNHEALTHY, US_CHECK_STALE, FALSE);
      for (guint k = 0; k < rows[i].off_s; k++)
        feed (&world, US_HEALTH_HEALTHY, US_N_CHECKS, FALSE);
    }
    g_test_message ("%u s ill, %u s well: %.60s", rows[i].on_s, rows[i].off_s, world.seen->str);
    g_assert_cmpuint (world.n_opened, ==, 1);
    g_assert_cmpint (world.life.hold_us, <=, US_INCIDENT_HOLD_MAX_US);
    if (rows[i].off_s < 30)
      g_assert_true (world.life.is_flapping);
    world_clear (&world);
  }
}

static void
test_worst_and_flag (void) {
  UsIncidentLife life = { 0 };
  UsIncidentFacts facts
      = { .now_us = START_US, .health = US_HEALTH_DEGRADED, .leading = US_CHECK_TTFB };
  us_incident_step (&life, &facts);
  g_assert_false (us_incident_is_active (&life));
  facts.now_us += US_INCIDENT_DEGRADED_US + 1;
  g_assert_cmpint (us_incident_step (&life, &facts), ==, US_INCIDENT_OPENS);
  g_assert_cmpint (life.worst, ==, US_HEALTH_DEGRADED);
  g_assert_cmpint (life.leading, ==, US_CHECK_TTFB);
  facts.health = US_HEALTH_UNHEALTHY;
  facts.leading = US_CHECK_STALE;
  facts.is_flapping = TRUE;
  g_assert_cmpint (us_incident_step (&life, &facts), ==, US_INCIDENT_KEEP);
  g_assert_cmpint (life.worst, ==, US_HEALTH_UNHEALTHY);
  g_assert_cmpint (life.leading, ==, US_CHECK_TTFB);
  facts.is_flapping = FALSE;
  us_incident_step (&life, &facts);
  g_assert_true (life.is_flapping);
}

static void
test_restore (void) {
  UsIncidentLife life;
  UsIncidentFacts facts
      = { .now_us = START_US, .health = US_HEALTH_HEALTHY, .leading = US_N_CHECKS };

  us_incident_life_restore (&life, US_INCIDENT_ACKNOWLEDGED, 3600 * (gint64)G_USEC_PER_SEC,
                            START_US);
  g_assert_true (life.is_acknowledged);
  g_assert_cmpint (us_incident_step (&life, &facts), ==, US_INCIDENT_RECOVERS);

  us_incident_life_restore (&life, US_INCIDENT_RECOVERING, 3600 * (gint64)G_USEC_PER_SEC, START_US);
  g_assert_cmpint (us_incident_step (&life, &facts), ==, US_INCIDENT_KEEP);
  facts.now_us += US_INCIDENT_HOLD_US;
  g_assert_cmpint (us_incident_step (&life, &facts), ==, US_INCIDENT_RESOLVES);

  facts = (UsIncidentFacts){ .now_us = START_US,
                             .health = US_HEALTH_UNHEALTHY,
                             .leading = US_CHECK_DNS };
  us_incident_life_restore (&life, US_INCIDENT_RESOLVED, US_INCIDENT_REOPEN_US - 1, START_US);
  life.leading = US_CHECK_DNS;
  g_assert_cmpint (us_incident_step (&life, &facts), ==, US_INCIDENT_REOPENS);
  us_incident_life_restore (&life, US_INCIDENT_RESOLVED, US_INCIDENT_REOPEN_US + 1, START_US);
  life.leading = US_CHECK_DNS;
  g_assert_cmpint (us_incident_step (&life, &facts), ==, US_INCIDENT_OPENS);

  /* The machine has been up for less time than the incident. */
  us_incident_life_restore (&life, US_INCIDENT_OPEN, START_US, START_US);
  g_assert_cmpint (life.opened_us, !=, 0);
  us_incident_life_restore (&life, US_INCIDENT_OPEN, -5, START_US);
  g_assert_cmpint (life.opened_us, ==, START_US);
}

static void
test_words (void) {
  UsIncidentState state;
  for (UsIncidentState i = US_INCIDENT_NONE; i <= US_INCIDENT_RESOLVED; i++) {
    g_assert_true (us_incident_state_from_word (us_incident_state_word (i), &state));
    g_assert_cmpint (state, ==, i);
  }
  g_assert_false (us_incident_state_from_word ("closed", &state));
  g_assert_false (us_incident_state_from_word (NULL, &state));
}

int
main (int argc, char **argv) {
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/incident/incident/lives", test_lives);
  g_test_add_func ("/incident/incident/dismissed-and-worse", test_dismissed_and_worse);
  g_test_add_func ("/incident/incident/flapping", test_flapping);
  g_test_add_func ("/incident/incident/worst-and-flag", test_worst_and_flag);
  g_test_add_func ("/incident/incident/restore", test_restore);
  g_test_add_func ("/incident/incident/words", test_words);
  return g_test_run ();
}
