/* stock.h - the last few segments of one origin, in memory and looked into */
#pragma once

#include "hls/probe.h"
#include "hls/segment.h"
#include "switcher/shape.h"

G_BEGIN_DECLS

#define US_STOCK_ITEMS 6

/* UsStockItem: one segment as its origin delivered it. */
typedef struct {
  guint64 number; /* media sequence number at the origin */
  char *uri;      /* as listed: a number that means another segment now is another item */
  UsShape shape;
  GBytes *bytes;
  UsProbe *probe; /* (nullable): encrypted, or of a shape that is not read */
  UsSegment *map; /* (nullable): its initialisation section */
} UsStockItem;

typedef struct UsStock UsStock;

UsStock *us_stock_new (void);
void us_stock_free (UsStock *stock);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (UsStock, us_stock_free)

const UsStockItem *us_stock_put (UsStock *stock, guint64 number, const char *uri, UsShape shape,
                                 GBytes *bytes, UsProbe *probe, UsSegment *map);
const UsStockItem *us_stock_find (const UsStock *stock, guint64 number, const char *uri);
const UsStockItem *us_stock_newest (const UsStock *stock);
void us_stock_clear (UsStock *stock);
UsSegment *us_stock_find_map (const UsStock *stock, const char *key);
UsSegment *us_stock_keep_map (UsStock *stock, const char *key, const char *prefix, GBytes *bytes);
gsize us_stock_bytes (const UsStock *stock);

G_END_DECLS
