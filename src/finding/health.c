/* health.c - the four states a stream can be in, and their names */
#include "finding/health.h"

static const char *const words[US_N_HEALTHS] = { "NO DATA", "HEALTHY", "DEGRADED", "UNHEALTHY" };
static const char *const colours[US_N_HEALTHS] = { "grey", "green", "yellow", "red" };

/**
 * us_health_word:
 *
 * Returns: the name people read: "HEALTHY"
 */
const char *
us_health_word (UsHealth health) {
  return words[health];
}

/**
 * us_health_colour:
 *
 * Returns: the name programs of the first generation read: "green", "yellow", "red"; "grey" for a
 *   stream without data
 */
const char *
us_health_colour (UsHealth health) {
  return colours[health];
}

/**
 * us_health_from_word:
 * @word: (nullable): a state's name or colour, in any case
 * @health: (out)
 *
 * Returns: %FALSE when @word is neither
 */
gboolean
us_health_from_word (const char *word, UsHealth *health) {
  for (UsHealth i = 0; word != NULL && i < US_N_HEALTHS; i++) {
    if (g_ascii_strcasecmp (word, words[i]) == 0 || g_ascii_strcasecmp (word, colours[i]) == 0) {
      *health = i;
      return TRUE;
    }
  }
  return FALSE;
}
