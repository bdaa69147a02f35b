/* keys.h - stream keys: who may publish which stream, from where and until when */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

#define US_KEYS_MAX_FILE (1024 * 1024) /* bytes */
#define US_KEYS_MAX_LINE 1024          /* bytes */
#define US_KEYS_MAX 10000
#define US_KEYS_MAX_MASKS 32   /* address ranges of one key */
#define US_KEY_ID_MAX 64       /* as a stream name */
#define US_KEY_MAX 255         /* bytes of a key; no RTMP name is longer */
#define US_KEY_GOOD 16         /* characters; a shorter plain key is warned of */
#define US_KEY_MAX_PRIORITY 99 /* 0 is best */

#define US_KEYS_ERROR us_keys_error_quark ()
typedef enum {
  US_KEYS_ERROR_SYNTAX, /* a line that is no group, setting or comment */
  US_KEYS_ERROR_VALUE,  /* a known setting with a value that does not fit */
  US_KEYS_ERROR_LIMIT,  /* the file, a line or the number of keys is too large */
  US_KEYS_ERROR_FILE,   /* cannot be read or written */
} UsKeysError;
GQuark us_keys_error_quark (void);

/* UsKey: one key, without what it is. Strings belong to the set. */
typedef struct {
  const char *id;
  const char *stream; /* "*": any, as the publisher says */
  const char *allow;  /* as written, "" for anywhere */
  gint64 expires_s;   /* Unix time, 0: never */
  guint priority;     /* 0 is best */
  gboolean is_enabled;
  gboolean is_hashed; /* the file holds only its hash */
  gboolean is_short;  /* plain, and shorter than US_KEY_GOOD */
  guint line;         /* of its group */
} UsKey;

typedef struct UsKeys UsKeys;

typedef enum {
  US_KEY_OK,
  US_KEY_UNKNOWN,
  US_KEY_DISABLED,
  US_KEY_EXPIRED,
  US_KEY_ADDRESS, /* not from there */
  US_KEY_STREAM,  /* the key is for another stream than the one asked for, or for any, and none was
                   * named */
} UsKeyVerdict;

UsKeys *us_keys_parse (const char *name, const char *text, gsize size,
                       GError **error) G_GNUC_WARN_UNUSED_RESULT;
void us_keys_free (UsKeys *keys);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (UsKeys, us_keys_free)
guint us_keys_get_n (const UsKeys *keys);
const UsKey *us_keys_get (const UsKeys *keys, guint index);
UsKeyVerdict us_keys_check (const UsKeys *keys, const char *secret, const char *stream,
                            const char *host, gint64 now_s, const UsKey **key);

char *us_key_hash (const char *salt, const char *secret);
char *us_key_new_random (void);
gboolean us_key_parse_expiry (const char *text, gint64 *expires_s);

G_END_DECLS
