/* command.h - AMF0 commands of RTMP: parsed from messages, written as chunks */
#pragma once

#include <glib.h>

#include "rtmp/amf0.h"
#include "rtmp/message.h"

G_BEGIN_DECLS

/* UsRtmpCommand: a name, a transaction id and arguments, of which the first is the command object
 * (RTMP 1.0 7.1.1). @name belongs to @values. */
typedef struct {
  const char *name;
  double transaction;
  GPtrArray *values;
} UsRtmpCommand;

gboolean us_rtmp_command_parse (const UsRtmpMessage *message, UsRtmpCommand *command,
                                GError **error) G_GNUC_WARN_UNUSED_RESULT;
const UsAmf0 *us_rtmp_command_get_argument (const UsRtmpCommand *command, guint index);
void us_rtmp_command_clear (UsRtmpCommand *command);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (UsRtmpCommand, us_rtmp_command_clear)

/* Chunk stream of all commands we write. */
#define US_RTMP_COMMAND_CSID 3

void us_rtmp_command_write (GByteArray *out, guint32 chunk_bytes, guint32 stream_id,
                            const char *name, double transaction, ...) G_GNUC_NULL_TERMINATED;
UsAmf0 *us_rtmp_command_new_status (const char *level, const char *code, const char *description);

G_END_DECLS
