/* catalog.h - which streams one origin has, asked of the origin itself */
#pragma once

#include "switcher/settings.h"

G_BEGIN_DECLS

#define US_CATALOG_MAX_STREAMS 10000 /* as many as an ingest may have */
#define US_CATALOG_MAX_NAME 64
#define US_CATALOG_MAX_BYTES (1024 * 1024)

typedef struct UsCatalog UsCatalog;
typedef void (*UsCatalogChanged) (UsCatalog *catalog, gpointer user_data);

UsCatalog *us_catalog_new (const UsOriginAccess *access, UsOriginId origin,
                           UsCatalogChanged changed, gpointer user_data);
void us_catalog_start (UsCatalog *catalog);
void us_catalog_free (UsCatalog *catalog);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (UsCatalog, us_catalog_free)

const char *const *us_catalog_get_streams (const UsCatalog *catalog);
char **us_catalog_parse (const char *text, gsize size, GError **error);

G_END_DECLS
