/* keys.c - the keys file as a set of rules; pure but for random numbers
 *
 * One group per key, in the syntax of the configuration file:
 *
 *   [studio-1]
 *   key = sha256:9f86d081884c7d65:60303ae22b998861bce3b28f33eec1be758a213c86c93c076dbe9f558c11c752
 *   stream = mystream
 *   allow = 192.0.2.0/24, 2001:db8::/32
 *   expires = 2027-01-31T18:00:00Z
 *   priority = 0
 *   enabled = true
 *
 * A set does not change: a reload makes a new one. It holds no key, only SHA-256 digests: of a
 * plain key with a salt of the set, of a hashed one with its own. Keys of ours have 160 random
 * bits, so that a slow hash would protect nothing; a short key of somebody's own is warned of
 * instead.
 *
 * Looking a key up costs the same whichever it is, and whether it is there: every digest is
 * compared, all of it, and the index is picked without a branch.
 */
#include "ingest/keys.h"

#include <string.h>
#include <sys/random.h>

#include "ingest/name.h"

#define DIGEST_BYTES 32
#define SALT_BYTES 8
#define SALT_MAX 64 /* characters */
#define RANDOM_BYTES 20

typedef struct {
  UsKey key; /* its strings are the entry's */
  char *id, *stream, *allow;
  char *salt; /* (nullable): of a hashed key; else the set's counts */
  guint8 digest[DIGEST_BYTES];
  gboolean has_digest;
  GPtrArray *masks; /* element-type GInetAddressMask; empty: anywhere */
} Entry;

struct UsKeys {
  GPtrArray *entries;
  char *salt;
};

G_DEFINE_QUARK (us_keys_error, us_keys_error)

static void
entry_free (gpointer data) {
  Entry *entry = data;
  g_free (entry->id);
  g_free (entry->stream);
  g_free (entry->allow);
  g_free (entry->salt);
  g_ptr_array_unref (entry->masks);
  g_free (entry);
}

static Entry *
entry_new (const char *id, guint line) {
  Entry *entry = g_new0 (Entry, 1);
  entry->id = g_strdup (id);
  entry->stream = g_strdup ("");
  entry->allow = g_strdup ("");
  entry->masks = g_ptr_array_new_with_free_func (g_object_unref);
  entry->key.is_enabled = TRUE;
  entry->key.line = line;
  return entry;
}

/* The kernel's random numbers; without them no salt and no key may be made. */
static void
fill_random (guint8 *bytes, gsize size) {
  gsize have = 0;
  while (have < size) {
    gssize got = getrandom (bytes + have, size - have, 0);
    if (got > 0)
      have += (gsize)got;
  }
}

static char *
to_hex (const guint8 *bytes, gsize size) {
  GString *text = g_string_sized_new (size * 2);
  for (gsize i = 0; i < size; i++)
    g_string_append_printf (text, "%02x", bytes[i]);
  return g_string_free (text, FALSE);
}

static void
digest (const char *salt, const char *secret, guint8 result[DIGEST_BYTES]) {
  g_autoptr (GChecksum) sum = g_checksum_new (G_CHECKSUM_SHA256);
  gsize size = DIGEST_BYTES;
  g_checksum_update (sum, (const guchar *)salt, (gssize)strlen (salt));
  g_checksum_update (sum, (const guchar *)secret, (gssize)strlen (secret));
  g_checksum_get_digest (sum, result, &size);
}

/* 1 or 0, in the same time for any two. */
static guint
is_same (const guint8 *a, const guint8 *b) {
  guint differs = 0;
  for (guint i = 0; i < DIGEST_BYTES; i++)
    differs |= a[i] ^ b[i];
  return ((differs - 1) >> 8) & 1;
}

/**
 * us_key_hash:
 * @salt: (nullable): characters without a colon; %NULL: random ones
 * @secret: a key
 *
 * Returns: (transfer full): "sha256:SALT:HEX", HEX being the SHA-256 of salt and key
 */
char *
us_key_hash (const char *salt, const char *secret) {
  guint8 bytes[DIGEST_BYTES];
  g_autofree char *own = NULL;
  if (salt == NULL) {
    fill_random (bytes, SALT_BYTES);
    salt = own = to_hex (bytes, SALT_BYTES);
  }
  digest (salt, secret, bytes);
  g_autofree char *hex = to_hex (bytes, DIGEST_BYTES);
  return g_strdup_printf ("sha256:%s:%s", salt, hex);
}

/**
 * us_key_new_random:
 *
 * Returns: (transfer full): a new key: 160 bits as 32 lower-case letters and digits that cannot be
 *   mistaken for each other, safe in any URL
 */
char *
us_key_new_random (void) {
  static const char alphabet[] = "abcdefghijklmnopqrstuvwxyz234567"; /* RFC 4648 6 */
  guint8 bytes[RANDOM_BYTES];
  fill_random (bytes, sizeof bytes);
  GString *text = g_string_new (NULL);
  guint32 bits = 0;
  guint n_bits = 0;
  for (guint i = 0; i < sizeof bytes; i++) {
    bits = (bits << 8 | bytes[i]) & 0xffff;
    for (n_bits += 8; n_bits >= 5; n_bits -= 5)
      g_string_append_c (text, alphabet[bits >> (n_bits - 5) & 31]);
  }
  return g_string_free (text, FALSE);
}

/* ---------------------------------------------------------------------------------- reading */

typedef struct {
  const char *name;
  guint line;
  UsKeys *keys;
  Entry *entry;     /* of the present group */
  guint seen;       /* its settings so far, a bit each */
  GHashTable *ids;  /* id to Entry */
  GHashTable *same; /* digest of a plain key in hex to Entry */
} Reader;

static gboolean
G_GNUC_PRINTF (4, 5)
    fail (const Reader *reader, GError **error, UsKeysError code, const char *format, ...) {
  va_list arguments;
  va_start (arguments, format);
  g_autofree char *text = g_strdup_vprintf (format, arguments);
  va_end (arguments);
  g_set_error (error, US_KEYS_ERROR, (gint)code, "%s:%u: %s", reader->name, reader->line, text);
  return FALSE;
}

static gboolean
take_hash (Reader *reader, const char *text, GError **error) {
  Entry *entry = reader->entry;
  const char *salt = text + strlen ("sha256:");
  const char *colon = strrchr (salt, ':');
  const char *hex = colon != NULL ? colon + 1 : salt;
  gsize salt_length = colon != NULL ? (gsize)(colon - salt) : 0;
  if (strlen (hex) != 2 * DIGEST_BYTES || salt_length > SALT_MAX
      || memchr (salt, ':', salt_length) != NULL)
    return fail (reader, error, US_KEYS_ERROR_VALUE,
                 "key: a hash reads sha256:SALT:HEX, with a salt of at most %d characters and 64 "
                 "hexadecimal digits",
                 SALT_MAX);
  for (guint i = 0; i < DIGEST_BYTES; i++) {
    int high = g_ascii_xdigit_value (hex[2 * i]), low = g_ascii_xdigit_value (hex[2 * i + 1]);
    if (high < 0 || low < 0)
      return fail (reader, error, US_KEYS_ERROR_VALUE, "key: the hash is not hexadecimal");
    entry->digest[i] = (guint8)(high << 4 | low);
  }
  entry->salt = g_strndup (salt, salt_length);
  entry->key.is_hashed = TRUE;
  return TRUE;
}

static gboolean
take_plain (Reader *reader, const char *text, GError **error) {
  Entry *entry = reader->entry;
  for (const char *p = text; *p != '\0'; p++) {
    if (!g_ascii_isgraph (*p) || strchr ("?&#/%\\", *p) != NULL)
      return fail (reader, error, US_KEYS_ERROR_VALUE,
                   "key: may hold letters, digits and marks, but no blank, ?, &, #, /, %% and \\, "
                   "which mean something in an URL");
  }
  digest (reader->keys->salt, text, entry->digest);
  entry->key.is_short = strlen (text) < US_KEY_GOOD;
  g_autofree char *hex = to_hex (entry->digest, DIGEST_BYTES);
  const Entry *other = g_hash_table_lookup (reader->same, hex);
  if (other != NULL)
    return fail (reader, error, US_KEYS_ERROR_VALUE, "key: the same as that of [%s] in line %u",
                 other->id, other->key.line);
  g_hash_table_insert (reader->same, g_steal_pointer (&hex), entry);
  return TRUE;
}

/* No message of these says what the key is. */
static gboolean
take_key (Reader *reader, const char *text, GError **error) {
  if (text[0] == '\0' || strlen (text) > US_KEY_MAX)
    return fail (reader, error, US_KEYS_ERROR_VALUE, "key: has %zu characters, 1 to %d are taken",
                 strlen (text), US_KEY_MAX);
  reader->entry->has_digest = TRUE;
  return g_str_has_prefix (text, "sha256:") ? take_hash (reader, text, error)
                                            : take_plain (reader, text, error);
}

static gboolean
take_stream (Reader *reader, const char *text, GError **error) {
  const char *why = NULL;
  if (strcmp (text, "*") != 0 && !us_stream_name_is_valid (text, &why))
    return fail (reader, error, US_KEYS_ERROR_VALUE, "stream: the name %s", why);
  g_free (reader->entry->stream);
  reader->entry->stream = g_strdup (text);
  return TRUE;
}

/* GLib takes a prefix length that it cannot store for 0, with a warning: "0.0.0.0/999" would let
 * everybody in. */
static gboolean
has_plain_length (const char *word) {
  const char *slash = strchr (word, '/');
  guint64 length = 0;
  return slash == NULL || g_ascii_string_to_unsigned (slash + 1, 10, 0, 128, &length, NULL);
}

static gboolean
take_allow (Reader *reader, const char *text, GError **error) {
  Entry *entry = reader->entry;
  g_auto (GStrv) words = g_strsplit_set (text, ", ", -1);
  for (guint i = 0; words[i] != NULL; i++) {
    g_autoptr (GError) local = NULL;
    if (words[i][0] == '\0')
      continue;
    GInetAddressMask *mask = has_plain_length (words[i])
                                 ? g_inet_address_mask_new_from_string (words[i], &local)
                                 : NULL;
    if (mask == NULL || entry->masks->len >= US_KEYS_MAX_MASKS) {
      g_clear_object (&mask);
      return fail (reader, error, US_KEYS_ERROR_VALUE,
                   "allow: '%.60s' is no address or range as 192.0.2.0/24 or 2001:db8::/32 (up to "
                   "%d are taken, commas between them)",
                   words[i], US_KEYS_MAX_MASKS);
    }
    g_ptr_array_add (entry->masks, mask);
  }
  g_free (entry->allow);
  entry->allow = g_strdup (text);
  return TRUE;
}

/**
 * us_key_parse_expiry:
 * @text: "2027-01-31T18:00:00Z", with another zone, without one (UTC), or a day: then its end, UTC
 * @expires_s: (out): Unix time
 *
 * Returns: %FALSE when @text is no such time
 */
gboolean
us_key_parse_expiry (const char *text, gint64 *expires_s) {
  g_autofree char *whole
      = strlen (text) == strlen ("2027-01-31") ? g_strconcat (text, "T23:59:59Z", NULL) : NULL;
  g_autoptr (GTimeZone) utc = g_time_zone_new_utc ();
  g_autoptr (GDateTime) time = g_date_time_new_from_iso8601 (whole != NULL ? whole : text, utc);
  if (time == NULL)
    return FALSE;
  *expires_s = g_date_time_to_unix (time) + (whole != NULL);
  return *expires_s > 0;
}

static gboolean
take_expires (Reader *reader, const char *text, GError **error) {
  return us_key_parse_expiry (text, &reader->entry->key.expires_s)
         || fail (reader, error, US_KEYS_ERROR_VALUE,
                  "expires: '%.60s' is no time as 2027-01-31T18:00:00Z and no day as 2027-01-31",
                  text);
}

static gboolean
take_priority (Reader *reader, const char *text, GError **error) {
  guint64 number = 0;
  if (!g_ascii_string_to_unsigned (text, 10, 0, US_KEY_MAX_PRIORITY, &number, NULL))
    return fail (reader, error, US_KEYS_ERROR_VALUE,
                 "priority: '%.60s' is no number from 0 (best) to %d", text, US_KEY_MAX_PRIORITY);
  reader->entry->key.priority = (guint)number;
  return TRUE;
}

static gboolean
take_enabled (Reader *reader, const char *text, GError **error) {
  gboolean is_true = strcmp (text, "true") == 0;
  if (!is_true && strcmp (text, "false") != 0)
    return fail (reader, error, US_KEYS_ERROR_VALUE, "enabled: '%.60s' is neither true nor false",
                 text);
  reader->entry->key.is_enabled = is_true;
  return TRUE;
}

static const struct {
  const char *name;
  gboolean (*take) (Reader *reader, const char *text, GError **error);
} settings[] = {
  { "key", take_key },         { "stream", take_stream },     { "allow", take_allow },
  { "expires", take_expires }, { "priority", take_priority }, { "enabled", take_enabled },
};

/* Only the word before '=' is repeated in a message, and only if it is a plain one: what is behind
 * it may be a key, and so may be the whole line, if that key ends with '='. */
static gboolean
take_setting (Reader *reader, char *line, GError **error) {
  char *sign = strchr (line, '=');
  if (sign == NULL)
    return fail (reader, error, US_KEYS_ERROR_SYNTAX,
                 "neither [id], nor name = value, nor a comment");
  *sign = '\0';
  const char *name = g_strchomp (line), *value = g_strstrip (sign + 1);
  if (reader->entry == NULL)
    return fail (reader, error, US_KEYS_ERROR_SYNTAX, "a setting before the first [id]");
  for (guint i = 0; i < G_N_ELEMENTS (settings); i++) {
    if (strcmp (name, settings[i].name) != 0)
      continue;
    if (reader->seen & 1u << i)
      return fail (reader, error, US_KEYS_ERROR_SYNTAX, "%s stands twice in [%s]", name,
                   reader->entry->id);
    reader->seen |= 1u << i;
    return settings[i].take (reader, value, error);
  }
  gboolean is_word = strlen (name) < US_KEY_GOOD
                     && strspn (name, "abcdefghijklmnopqrstuvwxyz_-") == strlen (name);
  return fail (reader, error, US_KEYS_ERROR_SYNTAX,
               "'%s' is no setting of a key; there are key, stream, allow, expires, priority and "
               "enabled",
               is_word ? name : "***");
}

/* The group is over: is it whole? */
static gboolean
end_group (Reader *reader, GError **error) {
  const Entry *entry = reader->entry;
  if (entry == NULL)
    return TRUE;
  const char *missing = !entry->has_digest ? "key" : entry->stream[0] == '\0' ? "stream" : NULL;
  if (missing != NULL) {
    reader->line = entry->key.line;
    return fail (reader, error, US_KEYS_ERROR_SYNTAX, "[%s] has no %s", entry->id, missing);
  }
  return TRUE;
}

static gboolean
begin_group (Reader *reader, char *line, GError **error) {
  gsize length = strlen (line);
  const char *why = NULL;
  if (!end_group (reader, error))
    return FALSE;
  if (line[length - 1] != ']')
    return fail (reader, error, US_KEYS_ERROR_SYNTAX, "the group has no ] at its end");
  line[length - 1] = '\0';
  const char *id = g_strstrip (line + 1);
  if (!us_stream_name_is_valid (id, &why))
    return fail (reader, error, US_KEYS_ERROR_SYNTAX, "the id of a key %s", why);
  const Entry *other = g_hash_table_lookup (reader->ids, id);
  if (other != NULL)
    return fail (reader, error, US_KEYS_ERROR_SYNTAX, "[%s] stands in line %u already", id,
                 other->key.line);
  if (reader->keys->entries->len >= US_KEYS_MAX)
    return fail (reader, error, US_KEYS_ERROR_LIMIT, "more than %d keys", US_KEYS_MAX);
  reader->entry = entry_new (id, reader->line);
  reader->seen = 0;
  g_ptr_array_add (reader->keys->entries, reader->entry);
  g_hash_table_insert (reader->ids, reader->entry->id, reader->entry);
  return TRUE;
}

static gboolean
take_line (Reader *reader, const char *text, gsize size, GError **error) {
  if (size > US_KEYS_MAX_LINE)
    return fail (reader, error, US_KEYS_ERROR_LIMIT, "the line has more than %d bytes",
                 US_KEYS_MAX_LINE);
  char buffer[US_KEYS_MAX_LINE + 1];
  memcpy (buffer, text, size);
  buffer[size] = '\0';
  char *line = g_strstrip (buffer);
  gboolean ok = TRUE;
  if (line[0] == '[')
    ok = begin_group (reader, line, error);
  else if (line[0] != '\0' && line[0] != '#' && line[0] != ';')
    ok = take_setting (reader, line, error);
  explicit_bzero (buffer, sizeof buffer);
  return ok;
}

static gboolean
take_lines (Reader *reader, const char *text, gsize size, GError **error) {
  const char *end = text + size;
  while (text < end) {
    const char *newline = memchr (text, '\n', (gsize)(end - text));
    const char *stop = newline != NULL ? newline : end;
    reader->line++;
    if (!take_line (reader, text, (gsize)(stop - text), error))
      return FALSE;
    text = newline != NULL ? newline + 1 : end;
  }
  return end_group (reader, error);
}

static void
point_keys (UsKeys *keys) {
  for (guint i = 0; i < keys->entries->len; i++) {
    Entry *entry = keys->entries->pdata[i];
    entry->key.id = entry->id;
    entry->key.stream = entry->stream;
    entry->key.allow = entry->allow;
  }
}

/**
 * us_keys_parse:
 * @name: of the file, for messages
 * @text: (array length=size): its content
 * @size: bytes
 * @error: US_KEYS_ERROR with file and line; never with a key
 *
 * Returns: (transfer full) (nullable): the set; an empty file is an empty set
 */
UsKeys *
us_keys_parse (const char *name, const char *text, gsize size, GError **error) {
  Reader reader = { .name = name };
  guint8 salt[16];
  if (size > US_KEYS_MAX_FILE) {
    fail (&reader, error, US_KEYS_ERROR_LIMIT, "the file has more than %d bytes", US_KEYS_MAX_FILE);
    return NULL;
  }
  if (memchr (text, '\0', size) != NULL || !g_utf8_validate_len (text, size, NULL)) {
    fail (&reader, error, US_KEYS_ERROR_SYNTAX, "the file is not UTF-8 text");
    return NULL;
  }
  g_autoptr (UsKeys) keys = g_new0 (UsKeys, 1);
  g_autoptr (GHashTable) ids = g_hash_table_new (g_str_hash, g_str_equal);
  g_autoptr (GHashTable) same = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  keys->entries = g_ptr_array_new_with_free_func (entry_free);
  fill_random (salt, sizeof salt);
  keys->salt = to_hex (salt, sizeof salt);
  reader.keys = keys;
  reader.ids = ids;
  reader.same = same;
  if (!take_lines (&reader, text, size, error))
    return NULL;
  point_keys (keys);
  return g_steal_pointer (&keys);
}

/**
 * us_keys_free:
 * @keys: (transfer full) (nullable): a set
 */
void
us_keys_free (UsKeys *keys) {
  if (keys == NULL)
    return;
  g_ptr_array_unref (keys->entries);
  g_free (keys->salt);
  g_free (keys);
}

/**
 * us_keys_get_n:
 * @keys: a set
 *
 * Returns: how many keys
 */
guint
us_keys_get_n (const UsKeys *keys) {
  return keys->entries->len;
}

/**
 * us_keys_get:
 * @keys: a set
 * @index: below us_keys_get_n()
 *
 * Returns: (transfer none): the key, in the order of the file
 */
const UsKey *
us_keys_get (const UsKeys *keys, guint index) {
  return &((const Entry *)keys->entries->pdata[index])->key;
}

/* ---------------------------------------------------------------------------------- looking up */

static const Entry *
find (const UsKeys *keys, const char *secret) {
  guint8 plain[DIGEST_BYTES], hashed[DIGEST_BYTES];
  guint found = 0;                  /* index + 1 */
  if (strlen (secret) > US_KEY_MAX) /* none is; thousands of hashes of it would take a while */
    return NULL;
  digest (keys->salt, secret, plain);
  for (guint i = 0; i < keys->entries->len; i++) {
    const Entry *entry = keys->entries->pdata[i];
    if (entry->salt != NULL)
      digest (entry->salt, secret, hashed);
    guint is_hit = is_same (entry->digest, entry->salt != NULL ? hashed : plain);
    found |= (i + 1) & (0u - (is_hit & (found == 0)));
  }
  return found > 0 ? keys->entries->pdata[found - 1] : NULL;
}

static gboolean
is_allowed_from (const Entry *entry, const char *host) {
  g_autoptr (GInetAddress) address = g_inet_address_new_from_string (host);
  for (guint i = 0; address != NULL && i < entry->masks->len; i++) {
    if (g_inet_address_mask_matches (entry->masks->pdata[i], address))
      return TRUE;
  }
  return entry->masks->len == 0;
}

/**
 * us_keys_check:
 * @keys: a set
 * @secret: what the publisher shows
 * @stream: (nullable): the stream that it names besides
 * @host: its address, numeric
 * @now_s: Unix time
 * @key: (out) (nullable): the key that it is, unless it is unknown; the set's
 *
 * Returns: whether it may publish, and if not why
 */
UsKeyVerdict
us_keys_check (const UsKeys *keys, const char *secret, const char *stream, const char *host,
               gint64 now_s, const UsKey **key) {
  const Entry *entry = find (keys, secret);
  *key = entry != NULL ? &entry->key : NULL;
  if (entry == NULL)
    return US_KEY_UNKNOWN;
  if (!entry->key.is_enabled)
    return US_KEY_DISABLED;
  if (entry->key.expires_s > 0 && now_s >= entry->key.expires_s)
    return US_KEY_EXPIRED;
  if (!is_allowed_from (entry, host))
    return US_KEY_ADDRESS;
  gboolean is_any = strcmp (entry->stream, "*") == 0;
  if (is_any ? stream == NULL : stream != NULL && strcmp (stream, entry->stream) != 0)
    return US_KEY_STREAM;
  return US_KEY_OK;
}
