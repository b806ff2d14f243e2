#include "client/lib/notification_queue.h"

#include "proto/writer.h"

int notification_encode(const struct envelope *envelope, struct px_reply *notification, struct px_error *error) {
    struct px_writer writer;
    px_writer_init(&writer, 0);
    px_write_array(&writer, 2);
    px_write_raw(&writer, envelope->method.bytes, envelope->method.size);
    px_write_raw(&writer, envelope->params.bytes, envelope->params.size);
    int code = px_writer_finish(&writer, error);
    if (code == 0)
        notification->bytes = px_writer_take(&writer, &notification->size);
    px_writer_free(&writer);
    return code;
}

bool notification_queue_pop(struct notification_queue *queue, struct px_reply *notification) {
    if (queue->count == 0)
        return false;
    *notification = queue->items[queue->first];
    queue->first = (queue->first + 1) % NOTIFICATION_QUEUE_MAX;
    queue->count--;
    queue->bytes -= notification->size;
    return true;
}

void notification_queue_push(struct notification_queue *queue, struct px_reply notification) {
    while (queue->count == NOTIFICATION_QUEUE_MAX ||
           (queue->count > 0 && queue->bytes + notification.size > NOTIFICATION_QUEUE_BYTES_MAX)) {
        struct px_reply oldest;
        notification_queue_pop(queue, &oldest);
        px_reply_free(&oldest);
        queue->dropped++;
    }
    queue->items[(queue->first + queue->count++) % NOTIFICATION_QUEUE_MAX] = notification;
    queue->bytes += notification.size;
}

void notification_queue_free(struct notification_queue *queue) {
    struct px_reply notification;
    while (notification_queue_pop(queue, &notification))
        px_reply_free(&notification);
}
