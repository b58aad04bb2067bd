// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.genai;

import java.net.URI;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import reactor.core.publisher.Mono;

/**
 * Puts media of messages where a span can point to: a bucket, a file store. Made effective by {@link MediaUploads}.
 *
 * <pre>{@code
 * MediaUploader uploader = media -> {
 *     String key = "media/" + UUID.randomUUID();
 *     return new MediaUploader.Upload(URI.create("s3://traces/" + key), bucket.put(key, media.content()));
 * };
 * }</pre>
 *
 * <p>The address is chosen first and the bytes follow later, so that neither the traced call nor the export of its span
 * waits for a store. The price is that a span may point to media that is still on its way, or that never came because
 * the upload failed; the latter is counted and warned of.
 */
@FunctionalInterface
public interface MediaUploader {
    /**
     * Where {@code media} is going to be, and how it gets there; null leaves it out of the span. Called on an export
     * thread after the content policy, once for each blob of a span that is exported; must not block and must be cheap.
     * Where two exporters meet at the same span it may be called twice, and one of both answers is never subscribed to.
     */
    @Nullable
    Upload upload(Message.Part.Blob media);

    /**
     * An upload that has not begun.
     *
     * @param uri where the media is going to be
     * @param transfer uploads it; subscribed to at most once, on a thread that may block
     */
    record Upload(URI uri, Mono<?> transfer) {
        /** Refuses a missing address or transfer. */
        public Upload {
            Objects.requireNonNull(uri, "uri == null");
            Objects.requireNonNull(transfer, "transfer == null");
        }
    }
}
