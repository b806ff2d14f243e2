/* work.c: see work.h. */
#include "daemon/sketch/work.h"

#include <stdlib.h>

struct work {
    struct work_group *group;
    struct evaluation *evaluation;
    work_done *done; /* NULL: dropped */
    void *owner;
};

static void ended(void *argument, struct evaluation *evaluation) {
    struct work *work = argument;
    struct work_group *group = work->group;
    work_done *done = work->done;
    void *owner = work->owner;
    free(work);
    group->running--;
    if (done != NULL)
        done(owner, evaluation);
    else
        evaluation_destroy(evaluation);
    if (group->running == 0 && group->idle != NULL)
        group->idle(group->argument);
}

int work_start(struct work_group *group, struct evaluation_request request, work_done *done, void *owner,
               struct work **out, struct px_error *error) {
    struct work *work = calloc(1, sizeof *work);
    if (work == NULL) {
        free(request.bytes);
        return px_fail(error, PX_E_NO_MEMORY, "no memory for an evaluation");
    }
    *work = (struct work){.group = group, .done = done, .owner = owner};
    request.done = ended;
    request.owner = work;
    group->running++;
    int status = evaluation_start(group->pipeline, &request, &work->evaluation, error);
    if (status != 0) {
        group->running--;
        free(request.bytes); /* not taken */
        free(work);
        return status;
    }
    *out = work;
    return 0;
}

void work_drop(struct work *work) {
    if (work == NULL)
        return;
    work->done = NULL;
    evaluation_cancel(work->evaluation);
}
