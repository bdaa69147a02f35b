/* keys-edit.h - changes a keys file as a careful person would: comments stay, nobody reads half */
#pragma once

#include "ingest/keys.h"

G_BEGIN_DECLS

/* UsKeyDraft: a key to be added; texts as they stand in the file. */
typedef struct {
  const char *id, *stream;
  const char *key;     /* plain, or a hash */
  const char *allow;   /* "": anywhere */
  const char *expires; /* "": never */
  guint priority;
} UsKeyDraft;

char *us_keys_edit_add (const char *text, const UsKeyDraft *draft);
char *us_keys_edit_remove (const char *text, const char *id);

/* UsKeysEditFunc: @text: (nullable): content, %NULL: there is no file yet. Returns: (transfer full)
 * (nullable): the new content; %NULL with @error: nothing changes */
typedef char *(*UsKeysEditFunc) (const char *text, gpointer user_data, GError **error);

gboolean us_keys_edit_file (const char *path, UsKeysEditFunc func, gpointer user_data,
                            GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
