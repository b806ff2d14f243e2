/* completion.h: completion scripts, from the table of verbs.
 */
#ifndef CLIENT_CTL_COMPLETION_H
#define CLIENT_CTL_COMPLETION_H

#include <stdio.h>

void completion_bash(FILE *out);
void completion_zsh(FILE *out); /* the same, through zsh's own layer for bash */

#endif
