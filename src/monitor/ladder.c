/* ladder.c - the renditions that a multivariant playlist names, under indexes and labels that stay
 *
 * Pure. A playlist that several variants name (with different sound) is one rendition. When the
 * multivariant playlist is read again, a rendition is known by its URL, or by its URL without the
 * query, which often is a token of the day. The index is a place in the masks of the verdict, so it
 * is below US_MAX_RENDITIONS; one that was in use before is given again only when all are.
 */
#include "monitor/ladder.h"

#include <string.h>

#include "base/url.h"

#define MAX_LABEL_WORD 24

/**
 * us_rendition_info_new_lone:
 * @url: of a media playlist that no other names
 *
 * Returns: (transfer full): the one rendition of its stream
 */
UsRenditionInfo *
us_rendition_info_new_lone (const char *url) {
  UsRenditionInfo *info = g_new0 (UsRenditionInfo, 1);
  info->label = g_strdup ("0");
  info->url = g_strdup (url);
  info->kind = US_RENDITION_VIDEO;
  return info;
}

void
us_rendition_info_free (UsRenditionInfo *info) {
  if (info == NULL)
    return;
  g_free (info->label);
  g_free (info->url);
  g_free (info->codecs);
  g_free (info->group_id);
  g_free (info->name);
  g_free (info->language);
  g_free (info);
}

static void
free_info (gpointer info) {
  us_rendition_info_free (info);
}

/**
 * us_ladder_find:
 *
 * Returns: (transfer none) (nullable)
 */
const UsRenditionInfo *
us_ladder_find (const GPtrArray *ladder, int index) {
  for (guint i = 0; ladder != NULL && i < ladder->len; i++) {
    const UsRenditionInfo *info = g_ptr_array_index (ladder, i);
    if (info->index == index)
      return info;
  }
  return NULL;
}

static gboolean
is_same_path (const char *a, const char *b) {
  gsize length = strcspn (a, "?#");
  return length == strcspn (b, "?#") && strncmp (a, b, length) == 0;
}

/* ---- what it is ---- */

static gboolean
is_sound_codec (const char *codec) {
  static const char *const prefixes[]
      = { "mp4a", "ac-3", "ec-3", "ac-4", "opus", "Opus", "flac", "fLaC", "alac", "mp3" };
  for (guint i = 0; i < G_N_ELEMENTS (prefixes); i++)
    if (g_str_has_prefix (codec, prefixes[i]))
      return TRUE;
  return FALSE;
}

/* CODECS names sound only. */
static gboolean
is_sound_only (const UsPlaylistVariant *variant) {
  if (variant->codecs == NULL || *variant->codecs == '\0' || variant->width > 0)
    return FALSE;
  g_auto (GStrv) codecs = g_strsplit (variant->codecs, ",", 16);
  for (guint i = 0; codecs[i] != NULL; i++)
    if (!is_sound_codec (g_strstrip (codecs[i])))
      return FALSE;
  return TRUE;
}

static UsRenditionInfo *
read_variant (const UsPlaylistVariant *variant, const char *url) {
  UsRenditionInfo *info = g_new0 (UsRenditionInfo, 1);
  info->url = g_strdup (url);
  info->kind = is_sound_only (variant) ? US_RENDITION_AUDIO : US_RENDITION_VIDEO;
  info->bandwidth_bps = variant->bandwidth_bps;
  info->average_bandwidth_bps = variant->average_bandwidth_bps;
  info->width = variant->width;
  info->height = variant->height;
  info->frame_rate_mhz = variant->frame_rate_mhz;
  info->codecs = g_strdup (variant->codecs);
  return info;
}

static UsRenditionInfo *
read_media (const UsPlaylistRendition *media, const char *url) {
  UsRenditionInfo *info = g_new0 (UsRenditionInfo, 1);
  info->url = g_strdup (url);
  info->kind = strcmp (media->type, "AUDIO") == 0       ? US_RENDITION_AUDIO
               : strcmp (media->type, "SUBTITLES") == 0 ? US_RENDITION_SUBTITLES
                                                        : US_RENDITION_VIDEO;
  info->group_id = g_strdup (media->group_id);
  info->name = g_strdup (media->name);
  info->language = g_strdup (media->language);
  info->is_default = media->is_default;
  return info;
}

/* "English (stereo)" -> "english-stereo" */
static char *
word_of (const char *text) {
  g_autofree char *ascii = g_str_to_ascii (text, "C");
  GString *word = g_string_new (NULL);
  for (const char *p = ascii; *p != '\0' && word->len < MAX_LABEL_WORD; p++) {
    if (g_ascii_isalnum (*p))
      g_string_append_c (word, g_ascii_tolower (*p));
    else if (word->len > 0 && word->str[word->len - 1] != '-')
      g_string_append_c (word, '-');
  }
  return g_string_free (word, FALSE);
}

/* "0-1280x720-2500k", "a1-en": the index makes it unique. */
static char *
label_of (const UsRenditionInfo *info) {
  GString *label = g_string_new (NULL);
  if (info->group_id != NULL) {
    const char *text = info->language != NULL && g_utf8_validate (info->language, -1, NULL)
                           ? info->language
                       : info->name != NULL && g_utf8_validate (info->name, -1, NULL) ? info->name
                                                                                      : "";
    g_autofree char *word = word_of (text);
    char letter = info->kind == US_RENDITION_AUDIO       ? 'a'
                  : info->kind == US_RENDITION_SUBTITLES ? 's'
                                                         : 'v';
    g_string_append_printf (label, "%c%d%s%s", letter, info->index, *word != '\0' ? "-" : "", word);
    return g_string_free (label, FALSE);
  }
  g_string_append_printf (label, "%d", info->index);
  if (info->width > 0)
    g_string_append_printf (label, "-%ux%u", info->width, info->height);
  else if (info->kind == US_RENDITION_AUDIO)
    g_string_append (label, "-audio");
  if (info->bandwidth_bps > 0)
    g_string_append_printf (label, "-%" G_GUINT64_FORMAT "k", (info->bandwidth_bps + 500) / 1000);
  return g_string_free (label, FALSE);
}

/* ---- which it is ---- */

static gboolean
has_url (const GPtrArray *ladder, const char *url) {
  for (guint i = 0; i < ladder->len; i++)
    if (strcmp (((const UsRenditionInfo *)g_ptr_array_index (ladder, i))->url, url) == 0)
      return TRUE;
  return FALSE;
}

static gboolean
is_like (const UsRenditionInfo *a, const UsRenditionInfo *b) {
  return a->kind == b->kind && a->bandwidth_bps == b->bandwidth_bps
         && g_strcmp0 (a->group_id, b->group_id) == 0 && g_strcmp0 (a->name, b->name) == 0;
}

/* The one of @before that @info is; none that another has been found to be. */
static const UsRenditionInfo *
find_before (const GPtrArray *before, const GPtrArray *ladder, const UsRenditionInfo *info) {
  const UsRenditionInfo *like = NULL;
  for (guint i = 0; before != NULL && i < before->len; i++) {
    const UsRenditionInfo *old = g_ptr_array_index (before, i);
    if (us_ladder_find (ladder, old->index) != NULL)
      continue;
    if (strcmp (old->url, info->url) == 0)
      return old;
    if (like == NULL && is_same_path (old->url, info->url) && is_like (old, info))
      like = old;
  }
  return like;
}

static int
find_free_index (const GPtrArray *before, const GPtrArray *ladder) {
  for (int index = 0; index < US_MAX_RENDITIONS; index++)
    if (us_ladder_find (before, index) == NULL && us_ladder_find (ladder, index) == NULL)
      return index;
  for (int index = 0; index < US_MAX_RENDITIONS; index++)
    if (us_ladder_find (ladder, index) == NULL)
      return index;
  return 0;
}

static void
add (GPtrArray *ladder, UsRenditionInfo *info) {
  info->index = -1;
  g_ptr_array_add (ladder, info);
}

/* Known ones first, so that a new one never takes the place of one that comes later in the list. */
static void
give_places (GPtrArray *ladder, const GPtrArray *before) {
  for (guint i = 0; i < ladder->len; i++) {
    UsRenditionInfo *info = g_ptr_array_index (ladder, i);
    const UsRenditionInfo *old = find_before (before, ladder, info);
    if (old == NULL)
      continue;
    info->index = old->index;
    info->label = g_strdup (old->label);
  }
  for (guint i = 0; i < ladder->len; i++) {
    UsRenditionInfo *info = g_ptr_array_index (ladder, i);
    if (info->index >= 0)
      continue;
    info->index = find_free_index (before, ladder);
    info->label = label_of (info);
  }
}

/**
 * us_ladder_read:
 * @multivariant: has variants
 * @base_url: absolute: where it was found
 * @before: (nullable) (element-type UsRenditionInfo): what it was when it was read last
 *
 * I-frame playlists are no renditions that a viewer plays.
 *
 * Returns: (transfer full) (element-type UsRenditionInfo)
 */
GPtrArray *
us_ladder_read (const UsPlaylist *multivariant, const char *base_url, const GPtrArray *before) {
  GPtrArray *ladder = g_ptr_array_new_with_free_func (free_info);
  for (guint i = 0; i < multivariant->variants->len && ladder->len < US_MAX_RENDITIONS; i++) {
    const UsPlaylistVariant *variant = g_ptr_array_index (multivariant->variants, i);
    g_autofree char *url = variant->uri != NULL ? us_url_resolve (base_url, variant->uri) : NULL;
    if (url != NULL && !has_url (ladder, url))
      add (ladder, read_variant (variant, url));
  }
  for (guint i = 0; i < multivariant->renditions->len && ladder->len < US_MAX_RENDITIONS; i++) {
    const UsPlaylistRendition *media = g_ptr_array_index (multivariant->renditions, i);
    g_autofree char *url = media->uri != NULL ? us_url_resolve (base_url, media->uri) : NULL;
    if (url != NULL && !has_url (ladder, url))
      add (ladder, read_media (media, url));
  }
  give_places (ladder, before);
  return ladder;
}
