/* pair.c - what two origins are to each other */
#include "switcher/pair.h"

static const char *const kind_words[] = { "unknown", "identical", "aligned", "foreign" };

/* Returns: the word for it in reports and metrics */
const char *
us_pair_kind_word (UsPairKind kind) {
  g_return_val_if_fail (kind < G_N_ELEMENTS (kind_words), "unknown");
  return kind_words[kind];
}
