/* reading.h - a thread for what takes long to read */
#pragma once

#include "store/writer.h"

G_BEGIN_DECLS

/* UsReading: made, used and ended in the thread of the store's owner. */
typedef struct UsReading UsReading;

UsReading *us_reading_new (UsWriter *writer, const char *path, const char *vfs);
void us_reading_add (UsReading *reading, UsStoreRead read, UsStoreDone done, gpointer user_data);
void us_reading_free (UsReading *reading);

G_END_DECLS
