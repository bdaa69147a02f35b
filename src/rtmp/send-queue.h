/* send-queue.h - what one RTMP connection has still to send, as references, ready for sendmsg() */
#pragma once

#include <glib.h>
#include <sys/uio.h>

#include "rtmp/message.h"

G_BEGIN_DECLS

typedef struct UsRtmpSendQueue UsRtmpSendQueue;

UsRtmpSendQueue *us_rtmp_send_queue_new (void);
void us_rtmp_send_queue_free (UsRtmpSendQueue *queue);
void us_rtmp_send_queue_push_raw (UsRtmpSendQueue *queue, GBytes *bytes);
void us_rtmp_send_queue_push_message (UsRtmpSendQueue *queue, guint32 chunk_bytes,
                                      const UsRtmpMessage *message);
guint us_rtmp_send_queue_peek (const UsRtmpSendQueue *queue, struct iovec *vectors,
                               guint max_vectors);
void us_rtmp_send_queue_consume (UsRtmpSendQueue *queue, gsize bytes);
gsize us_rtmp_send_queue_get_bytes (const UsRtmpSendQueue *queue);
gssize us_rtmp_send_queue_write (UsRtmpSendQueue *queue, int fd);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (UsRtmpSendQueue, us_rtmp_send_queue_free)

G_END_DECLS
