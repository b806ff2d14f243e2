#include "client/lib/base64.h"

static const char base64_digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

void base64_write(FILE *out, const uint8_t *bytes, size_t size) {
    for (size_t i = 0; i < size; i += 3) {
        size_t left = size - i;
        uint32_t group = (uint32_t)bytes[i] << 16;
        group |= left > 1 ? (uint32_t)bytes[i + 1] << 8 : 0;
        group |= left > 2 ? bytes[i + 2] : 0;
        fputc(base64_digits[group >> 18], out);
        fputc(base64_digits[group >> 12 & 63], out);
        fputc(left > 1 ? base64_digits[group >> 6 & 63] : '=', out);
        fputc(left > 2 ? base64_digits[group & 63] : '=', out);
    }
}

static int digit_value(char digit) {
    if (digit >= 'A' && digit <= 'Z')
        return digit - 'A';
    if (digit >= 'a' && digit <= 'z')
        return digit - 'a' + 26;
    if (digit >= '0' && digit <= '9')
        return digit - '0' + 52;
    return digit == '+' ? 62 : digit == '/' ? 63 : -1;
}

bool base64_decode(char *text, size_t length, size_t *size) {
    if (length % 4 != 0)
        return false;
    size_t padding = 0;
    while (padding < 2 && padding < length && text[length - 1 - padding] == '=')
        padding++;
    size_t out = 0;
    uint32_t group = 0;
    for (size_t i = 0; i < length; i++) {
        int value = i >= length - padding ? 0 : digit_value(text[i]);
        if (value < 0)
            return false;
        group = group << 6 | (uint32_t)value;
        if (i % 4 == 3) {
            text[out++] = (char)(group >> 16 & 255);
            text[out++] = (char)(group >> 8 & 255);
            text[out++] = (char)(group & 255);
        }
    }
    *size = out - padding;
    return true;
}
