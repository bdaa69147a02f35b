/* stock.c - the last few segments of one origin, in memory and looked into
 *
 * Owned by a UsRendition, one for each origin of a foreign pair. What the twin has ready here is
 * published at once when its turn comes, and tells beforehand where its timeline is.
 */
#include "switcher/stock.h"

#include <string.h>

#include "base/etag.h"
#include "hls/segment.h"

#define MAPS 4         /* initialisation sections remembered */
#define HASH_DIGITS 16 /* of their hash, in their names */

typedef struct {
  char *key;
  UsSegment *map;
} Map;

struct UsStock {
  GPtrArray *items; /* element-type UsStockItem, as they came */
  GPtrArray *maps;  /* element-type Map */
};

static void
map_free (gpointer data) {
  Map *map = data;
  us_segment_unref (map->map);
  g_free (map->key);
  g_free (map);
}

static void
item_free (gpointer data) {
  UsStockItem *item = data;
  g_bytes_unref (item->bytes);
  g_clear_pointer (&item->probe, us_probe_free);
  g_clear_pointer (&item->map, us_segment_unref);
  g_free (item->uri);
  g_free (item);
}

UsStock *
us_stock_new (void) {
  UsStock *stock = g_new0 (UsStock, 1);
  stock->items = g_ptr_array_new_with_free_func (item_free);
  stock->maps = g_ptr_array_new_with_free_func (map_free);
  return stock;
}

void
us_stock_free (UsStock *stock) {
  g_ptr_array_unref (stock->items);
  g_ptr_array_unref (stock->maps);
  g_free (stock);
}

void
us_stock_clear (UsStock *stock) {
  g_ptr_array_set_size (stock->items, 0);
  g_ptr_array_set_size (stock->maps, 0);
}

/**
 * us_stock_put:
 * @bytes: a reference is taken
 * @probe: (transfer full) (nullable)
 * @map: (nullable): a reference is taken
 *
 * Drops the oldest of too many.
 *
 * Returns: (transfer none): the item, valid until the next call
 */
const UsStockItem *
us_stock_put (UsStock *stock, guint64 number, const char *uri, UsShape shape, GBytes *bytes,
              UsProbe *probe, UsSegment *map) {
  UsStockItem *item = g_new0 (UsStockItem, 1);
  item->number = number;
  item->uri = g_strdup (uri);
  item->shape = shape;
  item->bytes = g_bytes_ref (bytes);
  item->probe = probe;
  item->map = map != NULL ? us_segment_ref (map) : NULL;
  for (guint i = stock->items->len; i > 0; i--) {
    const UsStockItem *other = g_ptr_array_index (stock->items, i - 1);
    if (other->number == number)
      g_ptr_array_remove_index (stock->items, i - 1);
  }
  while (stock->items->len >= US_STOCK_ITEMS)
    g_ptr_array_remove_index (stock->items, 0);
  g_ptr_array_add (stock->items, item);
  return item;
}

/* Returns: (transfer none) (nullable) */
const UsStockItem *
us_stock_find (const UsStock *stock, guint64 number, const char *uri) {
  for (guint i = 0; i < stock->items->len; i++) {
    const UsStockItem *item = g_ptr_array_index (stock->items, i);
    if (item->number == number && us_segment_is_same_uri (item->uri, uri))
      return item;
  }
  return NULL;
}

/* Returns: (transfer none) (nullable): the one with the highest number */
const UsStockItem *
us_stock_newest (const UsStock *stock) {
  const UsStockItem *newest = NULL;
  for (guint i = 0; i < stock->items->len; i++) {
    const UsStockItem *item = g_ptr_array_index (stock->items, i);
    if (newest == NULL || item->number > newest->number)
      newest = item;
  }
  return newest;
}

/* Returns: (transfer full) (nullable): the initialisation section that was kept under @key */
UsSegment *
us_stock_find_map (const UsStock *stock, const char *key) {
  for (guint i = 0; i < stock->maps->len; i++) {
    const Map *map = g_ptr_array_index (stock->maps, i);
    if (strcmp (map->key, key) == 0)
      return us_segment_ref (map->map);
  }
  return NULL;
}

/**
 * us_stock_keep_map:
 * @prefix: of its name
 *
 * Its name is made of its hash, so that the same section is one file, whoever has it.
 *
 * Returns: (transfer full): the initialisation section
 */
UsSegment *
us_stock_keep_map (UsStock *stock, const char *key, const char *prefix, GBytes *bytes) {
  g_autofree char *etag = us_etag (bytes);
  g_autofree char *name
      = g_strdup_printf ("%s-init-%.*s.mp4", prefix, HASH_DIGITS, etag + 1 /* the quote */);
  Map *map = g_new0 (Map, 1);
  map->key = g_strdup (key);
  map->map = us_segment_new (0, 0, name, bytes);
  if (stock->maps->len >= MAPS)
    g_ptr_array_remove_index (stock->maps, 0);
  g_ptr_array_add (stock->maps, map);
  return us_segment_ref (map->map);
}

gsize
us_stock_bytes (const UsStock *stock) {
  gsize sum = 0;
  for (guint i = 0; i < stock->items->len; i++)
    sum += g_bytes_get_size (((const UsStockItem *)g_ptr_array_index (stock->items, i))->bytes);
  return sum;
}
