/* master.c - the renditions of a stream with a multivariant playlist, found at both origins
 *
 * Pure. The playlist of the origin that was read first leads: its variants and alternative
 * renditions are what viewers are offered for as long as the stream is followed, under names of our
 * own that do not change. At each origin every one of them is then looked for by its attributes:
 * RESOLUTION, CODECS and the nearest BANDWIDTH of a variant; TYPE, LANGUAGE, NAME and GROUP-ID of
 * an alternative. A variant always finds somebody: a twin without the large picture shows the next
 * smaller one while it is active. An alternative of a type that the other lacks finds nobody, and
 * its playlist stands still for that time. I-frame playlists are left out.
 */
#include "switcher/master.h"

#include <string.h>

#define OTHER_KIND 16.0 /* a variant with pictures against one without */
#define OTHER_SIZE 4.0
#define OTHER_CODECS 2.0
#define MOST_FOR_RATE 1.9
#define OTHER_LANGUAGE 8.0
#define OTHER_NAME 4.0
#define OTHER_GROUP 2.0
#define OTHER_PLACE 0.001 /* decides between equals */

struct UsMaster {
  GPtrArray *entries; /* element-type UsMasterEntry */
  UsPlaylist *lead;   /* its variants and alternatives, with our URIs */
  guint n_left_out;
};

static void
entry_free (gpointer data) {
  UsMasterEntry *entry = data;
  for (guint i = 0; i < US_N_ORIGINS; i++)
    g_free (entry->url[i]);
  g_free (entry->uri);
  g_free (entry->name);
  g_free (entry);
}

static UsMasterEntry *
find_entry (const UsMaster *master, const char *uri, gboolean is_variant) {
  for (guint i = 0; i < master->entries->len; i++) {
    UsMasterEntry *entry = g_ptr_array_index (master->entries, i);
    if (entry->is_variant == is_variant && strcmp (entry->uri, uri) == 0)
      return entry;
  }
  return NULL;
}

static guint
count_letter (const UsMaster *master, char letter) {
  guint n = 0;
  for (guint i = 0; i < master->entries->len; i++)
    if (((const UsMasterEntry *)g_ptr_array_index (master->entries, i))->name[0] == letter)
      n++;
  return n;
}

/* One playlist is one rendition, however often it is named. Returns: %NULL: there are too many */
static UsMasterEntry *
add_entry (UsMaster *master, const char *uri, gboolean is_variant, char letter, guint ordinal) {
  UsMasterEntry *entry = find_entry (master, uri, is_variant);
  if (entry != NULL)
    return entry;
  if (master->entries->len == US_MASTER_MAX_RENDITIONS) {
    master->n_left_out++;
    return NULL;
  }
  entry = g_new0 (UsMasterEntry, 1);
  entry->name = g_strdup_printf ("%c%u", letter, count_letter (master, letter));
  entry->is_variant = is_variant;
  entry->uri = g_strdup (uri);
  entry->ordinal = ordinal;
  g_ptr_array_add (master->entries, entry);
  return entry;
}

static char
letter_of (const char *type) {
  if (strcmp (type, "AUDIO") == 0)
    return 'a';
  return strcmp (type, "SUBTITLES") == 0 ? 's' : 'x';
}

static UsPlaylistVariant *
copy_variant (const UsPlaylistVariant *variant, const char *name) {
  UsPlaylistVariant *copy = g_new0 (UsPlaylistVariant, 1);
  copy->uri = g_strconcat (name, ".m3u8", NULL);
  copy->bandwidth_bps = variant->bandwidth_bps;
  copy->width = variant->width;
  copy->height = variant->height;
  copy->codecs = g_strdup (variant->codecs);
  copy->attributes = g_strdup (variant->attributes);
  return copy;
}

static UsPlaylistRendition *
copy_alternative (const UsPlaylistRendition *alternative, const char *name) {
  UsPlaylistRendition *copy = g_new0 (UsPlaylistRendition, 1);
  copy->type = g_strdup (alternative->type);
  copy->group_id = g_strdup (alternative->group_id);
  copy->name = g_strdup (alternative->name);
  copy->language = g_strdup (alternative->language);
  copy->uri = name != NULL ? g_strconcat (name, ".m3u8", NULL) : NULL;
  copy->attributes = g_strdup (alternative->attributes);
  return copy;
}

static gint
variants_first (gconstpointer a, gconstpointer b) {
  const UsMasterEntry *one = *(const UsMasterEntry *const *)a;
  const UsMasterEntry *other = *(const UsMasterEntry *const *)b;
  if (one->is_variant != other->is_variant)
    return one->is_variant ? -1 : 1;
  return one->ordinal < other->ordinal ? -1 : one->ordinal > other->ordinal;
}

/**
 * us_master_new:
 * @lead: a multivariant playlist
 *
 * Returns: (transfer full): its renditions, found nowhere yet
 */
UsMaster *
us_master_new (const UsPlaylist *lead) {
  UsMaster *master = g_new0 (UsMaster, 1);
  master->entries = g_ptr_array_new_with_free_func (entry_free);
  master->lead = us_playlist_new ();
  master->lead->version = lead->version;
  master->lead->is_independent = lead->is_independent;
  /* Sound first: a variant without the sound that it names cannot be played. */
  for (guint i = 0; i < lead->renditions->len; i++) {
    const UsPlaylistRendition *its = g_ptr_array_index (lead->renditions, i);
    UsMasterEntry *entry = NULL;
    if (its->uri != NULL) {
      entry = add_entry (master, its->uri, FALSE, letter_of (its->type), i);
      if (entry == NULL)
        continue;
    }
    g_ptr_array_add (master->lead->renditions,
                     copy_alternative (its, entry != NULL ? entry->name : NULL));
  }
  for (guint i = 0; i < lead->variants->len; i++) {
    const UsPlaylistVariant *its = g_ptr_array_index (lead->variants, i);
    UsMasterEntry *entry = add_entry (master, its->uri, TRUE, 'v', i);
    if (entry != NULL)
      g_ptr_array_add (master->lead->variants, copy_variant (its, entry->name));
  }
  g_ptr_array_sort (master->entries, variants_first);
  return master;
}

void
us_master_free (UsMaster *master) {
  g_ptr_array_unref (master->entries);
  us_playlist_free (master->lead);
  g_free (master);
}

guint
us_master_get_n_entries (const UsMaster *master) {
  return master->entries->len;
}

const UsMasterEntry *
us_master_get_entry (const UsMaster *master, guint index) {
  g_return_val_if_fail (index < master->entries->len, NULL);
  return g_ptr_array_index (master->entries, index);
}

/* Returns: how many renditions there were beyond US_MASTER_MAX_RENDITIONS */
guint
us_master_get_n_left_out (const UsMaster *master) {
  return master->n_left_out;
}

/* ---- looking for them ---- */

static double
variant_distance (const UsPlaylistVariant *wanted, const UsPlaylistVariant *its) {
  double distance = 0;
  if ((wanted->width == 0) != (its->width == 0))
    distance += OTHER_KIND;
  if (wanted->width != its->width || wanted->height != its->height)
    distance += OTHER_SIZE;
  if (g_strcmp0 (wanted->codecs, its->codecs) != 0)
    distance += OTHER_CODECS;
  double high = (double)MAX (MAX (wanted->bandwidth_bps, its->bandwidth_bps), 1);
  double low = (double)MAX (MIN (wanted->bandwidth_bps, its->bandwidth_bps), 1);
  return distance + MIN (high / low - 1, MOST_FOR_RATE);
}

static double
alternative_distance (const UsPlaylistRendition *wanted, const UsPlaylistRendition *its) {
  double distance = 0;
  if (g_strcmp0 (wanted->language, its->language) != 0)
    distance += OTHER_LANGUAGE;
  if (strcmp (wanted->name, its->name) != 0)
    distance += OTHER_NAME;
  if (strcmp (wanted->group_id, its->group_id) != 0)
    distance += OTHER_GROUP;
  return distance;
}

static const UsPlaylistVariant *
wanted_variant (const UsMaster *master, const UsMasterEntry *entry) {
  g_autofree char *uri = g_strconcat (entry->name, ".m3u8", NULL);
  for (guint i = 0; i < master->lead->variants->len; i++) {
    const UsPlaylistVariant *variant = g_ptr_array_index (master->lead->variants, i);
    if (strcmp (variant->uri, uri) == 0)
      return variant;
  }
  return NULL;
}

static const UsPlaylistRendition *
wanted_alternative (const UsMaster *master, const UsMasterEntry *entry) {
  g_autofree char *uri = g_strconcat (entry->name, ".m3u8", NULL);
  for (guint i = 0; i < master->lead->renditions->len; i++) {
    const UsPlaylistRendition *alternative = g_ptr_array_index (master->lead->renditions, i);
    if (g_strcmp0 (alternative->uri, uri) == 0)
      return alternative;
  }
  return NULL;
}

static const char *
nearest_variant (const UsMaster *master, const UsMasterEntry *entry, const UsPlaylist *its) {
  const UsPlaylistVariant *wanted = wanted_variant (master, entry);
  const char *uri = NULL;
  double least = G_MAXDOUBLE;
  for (guint i = 0; wanted != NULL && i < its->variants->len; i++) {
    const UsPlaylistVariant *candidate = g_ptr_array_index (its->variants, i);
    double distance
        = variant_distance (wanted, candidate) + (i != entry->ordinal ? OTHER_PLACE : 0);
    if (distance < least) {
      least = distance;
      uri = candidate->uri;
    }
  }
  return uri;
}

static const char *
nearest_alternative (const UsMaster *master, const UsMasterEntry *entry, const UsPlaylist *its) {
  const UsPlaylistRendition *wanted = wanted_alternative (master, entry);
  const char *uri = NULL;
  double least = G_MAXDOUBLE;
  for (guint i = 0; wanted != NULL && i < its->renditions->len; i++) {
    const UsPlaylistRendition *candidate = g_ptr_array_index (its->renditions, i);
    if (candidate->uri == NULL || strcmp (candidate->type, wanted->type) != 0)
      continue;
    double distance
        = alternative_distance (wanted, candidate) + (i != entry->ordinal ? OTHER_PLACE : 0);
    if (distance < least) {
      least = distance;
      uri = candidate->uri;
    }
  }
  return uri;
}

/**
 * us_master_match:
 * @its: the multivariant playlist of @origin
 * @its_url: where that was read
 *
 * Finds every rendition there. One that is nowhere keeps the place it had.
 */
void
us_master_match (UsMaster *master, UsOriginId origin, const UsPlaylist *its, const char *its_url) {
  for (guint i = 0; i < master->entries->len; i++) {
    UsMasterEntry *entry = g_ptr_array_index (master->entries, i);
    const char *uri = entry->is_variant ? nearest_variant (master, entry, its)
                                        : nearest_alternative (master, entry, its);
    g_autofree char *url
        = uri != NULL ? g_uri_resolve_relative (its_url, uri, G_URI_FLAGS_ENCODED, NULL) : NULL;
    if (url == NULL)
      continue;
    g_free (entry->url[origin]);
    entry->url[origin] = g_steal_pointer (&url);
  }
}

/* Returns: (transfer full): the playlist that viewers get, with our own URIs beside it */
char *
us_master_render (const UsMaster *master) {
  return us_playlist_render_multivariant (master->lead);
}
