/**
 * Calls of models over {@code WebClient}: recognised by their endpoint, and described from the bytes that pass. Byte sink to
 * outline to protocol to generation: {@code WatchedRequest}, {@code AnswerBytes} and {@code SseReader} see bytes,
 * {@code JsonOutline} keeps what is asked for, {@code OpenAiChat} and its like say what it means.
 */
@NullMarked
package io.spanflux.spring.models;

import org.jspecify.annotations.NullMarked;
