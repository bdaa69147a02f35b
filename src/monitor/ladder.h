/* ladder.h - the renditions that a multivariant playlist names, under indexes and labels that stay
 */
#pragma once

#include "monitor/facts.h"

G_BEGIN_DECLS

UsRenditionInfo *us_rendition_info_new_lone (const char *url);
void us_rendition_info_free (UsRenditionInfo *info);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (UsRenditionInfo, us_rendition_info_free)

/* @before: (nullable) (element-type UsRenditionInfo). Returns: (transfer full) (element-type
 * UsRenditionInfo): at most US_MAX_RENDITIONS, variants first; those of @before keep index and
 * label */
GPtrArray *us_ladder_read (const UsPlaylist *multivariant, const char *base_url,
                           const GPtrArray *before);
const UsRenditionInfo *us_ladder_find (const GPtrArray *ladder, int index);

G_END_DECLS
