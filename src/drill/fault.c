/* fault.c - faults as values: their words, and which request one of them is about
 *
 * Pure. A fault says what is done, not how: relay.c does it to connections, rewrite.c to answers.
 */
#include "drill/fault.h"

#include <string.h>

static const char *const words[US_N_FAULTS] = {
  [US_FAULT_NONE] = "none",       [US_FAULT_REFUSE] = "refuse", [US_FAULT_BLACKHOLE] = "blackhole",
  [US_FAULT_SLOW] = "slow",       [US_FAULT_STATUS] = "status", [US_FAULT_TRUNCATE] = "truncate",
  [US_FAULT_CORRUPT] = "corrupt", [US_FAULT_FROZEN] = "frozen", [US_FAULT_BEHIND] = "behind",
  [US_FAULT_REGRESS] = "regress", [US_FAULT_CLOCK] = "clock",
};

const char *
us_fault_word (UsFaultKind kind) {
  g_return_val_if_fail (kind < US_N_FAULTS, "none");
  return words[kind];
}

/**
 * us_fault_describe:
 *
 * Returns: (transfer full): a few words for logs, for example "status 404 on one segment"
 */
char *
us_fault_describe (const UsFault *fault) {
  static const char *const many[] = { "", " on playlists", " on segments" };
  static const char *const one[] = { " on one path", " on one playlist", " on one segment" };
  const char *where = fault->is_one_path ? one[fault->on] : many[fault->on];
  switch (fault->kind) {
  case US_FAULT_SLOW:
    return g_strdup_printf ("slow, %" G_GINT64_FORMAT " bytes/s%s", fault->value, where);
  case US_FAULT_STATUS:
  case US_FAULT_BEHIND:
  case US_FAULT_REGRESS:
    return g_strdup_printf ("%s %" G_GINT64_FORMAT "%s", us_fault_word (fault->kind), fault->value,
                            where);
  case US_FAULT_CLOCK:
    return g_strdup_printf ("clock %+" G_GINT64_FORMAT " s%s", fault->value / 1000, where);
  case US_FAULT_NONE:
  case US_FAULT_REFUSE:
  case US_FAULT_BLACKHOLE:
  case US_FAULT_TRUNCATE:
  case US_FAULT_CORRUPT:
  case US_FAULT_FROZEN:
  case US_N_FAULTS:
  default:
    return g_strconcat (us_fault_word (fault->kind), where, NULL);
  }
}

static gboolean
is_playlist (const char *path) {
  gsize length = strcspn (path, "?#");
  static const char suffix[] = ".m3u8";
  gsize n = sizeof suffix - 1;
  return length >= n && g_ascii_strncasecmp (path + length - n, suffix, n) == 0;
}

/**
 * us_fault_is_about:
 * @fault: a fault
 * @path: of a request, with or without its query
 *
 * Returns: whether it touches the answer; that it may be for one path only is the caller's matter
 */
gboolean
us_fault_is_about (const UsFault *fault, const char *path) {
  if (fault->kind == US_FAULT_NONE)
    return FALSE;
  switch (fault->on) {
  case US_FAULT_ON_PLAYLISTS:
    return is_playlist (path);
  case US_FAULT_ON_SEGMENTS:
    return !is_playlist (path);
  case US_FAULT_ON_ALL:
  default:
    return TRUE;
  }
}

/**
 * us_fault_rewrites:
 *
 * Returns: whether the whole answer must be there before any of it can be passed on
 */
gboolean
us_fault_rewrites (const UsFault *fault) {
  return fault->kind >= US_FAULT_TRUNCATE && fault->kind <= US_FAULT_CLOCK;
}
