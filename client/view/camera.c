#include "client/view/camera.h"

struct camera camera_fit(const double canvas[2], int width, int height, double margin) {
    double across = ((double)width - 2 * margin) / canvas[0];
    double down = ((double)height - 2 * margin) / canvas[1];
    double scale = across < down ? across : down;
    if (!(scale > 1e-6))
        scale = 1e-6;
    return (struct camera){
        .scale = scale, .offset = {((double)width - canvas[0] * scale) / 2, ((double)height - canvas[1] * scale) / 2}};
}

void camera_zoom(struct camera *camera, double factor, double x, double y) {
    double scale = camera->scale * factor;
    scale = scale < 0.01 ? 0.01 : scale > 10000 ? 10000 : scale;
    factor = scale / camera->scale;
    camera->scale = scale;
    camera->offset[0] = x - (x - camera->offset[0]) * factor;
    camera->offset[1] = y - (y - camera->offset[1]) * factor;
}

void camera_pan(struct camera *camera, double dx, double dy) {
    camera->offset[0] += dx;
    camera->offset[1] += dy;
}
