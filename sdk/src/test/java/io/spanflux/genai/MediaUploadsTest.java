// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.genai;

import io.spanflux.genai.Message.Part;
import io.spanflux.test.AttributeRecorder;
import io.spanflux.test.LogCapture;
import io.spanflux.test.Race;
import io.spanflux.trace.ContentCapture;
import java.net.URI;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import reactor.core.publisher.Mono;
import reactor.core.scheduler.Schedulers;
import reactor.test.StepVerifier;
import tools.jackson.databind.JsonNode;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

@Timeout(30)
class MediaUploadsTest {
    private static final int LARGE = Part.Blob.MAX_INLINE + 1;
    private static final Duration WAIT = Duration.ofSeconds(20);

    private final AtomicInteger asked = new AtomicInteger();
    private final AtomicInteger subscribed = new AtomicInteger();
    private MediaUploads uploads;

    @AfterEach
    void close() {
        if (uploads != null) {
            uploads.close();
        }
    }

    private MediaUploads.Builder uploading(Mono<?> transfer) {
        return MediaUploads.builder(media -> new MediaUploader.Upload(
                URI.create("s3://bucket/" + asked.incrementAndGet()),
                transfer.doOnSubscribe(subscription -> subscribed.incrementAndGet())));
    }

    private static Generation capturing(MediaUploads uploads) {
        Generation generation = Generation.chat("openai", "m");
        generation.begin(ContentPolicy.builder().media(uploads).build(), ContentCapture.SPANS);
        return generation;
    }

    private static Generation generation(MediaUploads uploads, int... sizes) {
        Generation generation = capturing(uploads);
        generation.input(() -> Arrays.stream(sizes)
                .mapToObj(size -> Message.of("user", Part.Blob.of("image", "image/png", new byte[size])))
                .toList());
        generation.end();
        return generation;
    }

    private static JsonNode part(Generation generation, int message) {
        return MessageRules.messages((String) AttributeRecorder.of(generation).get("gen_ai.input.messages"))
                .get(message)
                .get("parts")
                .get(0);
    }

    @Test
    void largeBlob_becomesAReference_smallOneStays() {
        uploads = uploading(Mono.empty()).build();
        Generation generation = generation(uploads, LARGE, LARGE - 1);

        assertThat(part(generation, 0).toString())
                .isEqualTo(
                        "{\"type\":\"uri\",\"modality\":\"image\",\"mime_type\":\"image/png\",\"uri\":\"s3://bucket/1\"}");
        assertThat(part(generation, 1).get("content").asString()).isNotEmpty();
        StepVerifier.create(uploads.flush()).expectComplete().verify(WAIT);
        assertThat(uploads.uploaded()).isEqualTo(1);
        assertThat(uploads.pending()).isZero();
        assertThat(uploads.pendingBytes()).isZero();
    }

    @Test
    void attributes_readAgain_uploadOnce() {
        uploads = uploading(Mono.empty()).build();
        Generation generation = generation(uploads, LARGE);

        assertThat(AttributeRecorder.of(generation)).isEqualTo(AttributeRecorder.of(generation));
        StepVerifier.create(uploads.flush()).expectComplete().verify(WAIT);

        assertThat(asked).hasValue(1);
        assertThat(subscribed).hasValue(1);
    }

    @Test
    void attributes_readByTwoExportersAtOnce_uploadOnceAndSayTheSame() {
        uploads = uploading(Mono.empty()).build();
        Object[] read = new Object[2];
        Race.of(2).run(300, round -> {
            Generation generation = generation(uploads, LARGE);
            return Race.round(thread -> read[thread] = AttributeRecorder.of(generation), () -> {
                assertThat(read[0]).isEqualTo(read[1]);
                StepVerifier.create(uploads.flush()).expectComplete().verify(WAIT);
                assertThat(subscribed).hasValue(round + 1);
            });
        });
        assertThat(uploads.pending()).isZero();
        assertThat(uploads.pendingBytes()).isZero();
    }

    @Test
    void attributes_beforeTheEnd_uploadNothing() {
        uploads = uploading(Mono.empty()).build();
        Generation generation = capturing(uploads)
                .input(() -> List.of(Message.of("user", Part.Blob.of("image", null, new byte[LARGE]))));

        assertThat(part(generation, 0).get("bytes").asInt()).isEqualTo(LARGE);
        assertThat(asked).hasValue(0);
    }

    @Test
    void rendering_onAThreadThatMustNotBlock_doesNotWaitForABlockingStore() throws InterruptedException {
        CountDownLatch store = new CountDownLatch(1);
        uploads = uploading(Mono.fromCallable(() -> store.await(20, TimeUnit.SECONDS)))
                .build();
        Generation generation = generation(uploads, LARGE);

        StepVerifier.create(Mono.fromCallable(() -> part(generation, 0)).subscribeOn(Schedulers.parallel()))
                .expectNextMatches(part -> part.get("type").asString().equals("uri"))
                .expectComplete()
                .verify(WAIT);

        assertThat(uploads.pending()).isEqualTo(1);
        assertThat(uploads.pendingBytes()).isEqualTo(LARGE);
        store.countDown();
        StepVerifier.create(uploads.flush()).expectComplete().verify(WAIT);
        assertThat(uploads.uploaded()).isEqualTo(1);
    }

    @Test
    void bounds_reached_leaveTheSizeInTheSpanAndAreCountedAndWarnedOf() {
        LogCapture logs = LogCapture.start();
        uploads = uploading(Mono.never()).maxPending(2).build();
        Generation byCount = generation(uploads, LARGE, LARGE, LARGE);
        assertThat(part(byCount, 1).get("type").asString()).isEqualTo("uri");
        assertThat(part(byCount, 2).get("bytes").asInt()).isEqualTo(LARGE);
        assertThat(uploads.refused()).isEqualTo(1);
        assertThat(uploads.pending()).isEqualTo(2);
        uploads.close();

        uploads = uploading(Mono.never()).maxPendingBytes(2L * LARGE).build();
        Generation byBytes = generation(uploads, LARGE, 2 * LARGE, LARGE);
        assertThat(part(byBytes, 1).has("content")).isTrue();
        assertThat(part(byBytes, 2).get("type").asString()).isEqualTo("uri");
        assertThat(uploads.refused()).isEqualTo(1);
        assertThat(uploads.pendingBytes()).isEqualTo(2L * LARGE);
        assertThat(logs.warnings())
                .filteredOn(warning -> warning.contains("maxPending=2"))
                .hasSize(1);
    }

    @Test
    void upload_thatFailsOrHangs_isCountedAndWarnedOfAndGivesItsPlaceBack() {
        LogCapture logs = LogCapture.start();
        uploads = uploading(Mono.error(new IllegalStateException("no bucket"))).build();
        part(generation(uploads, LARGE), 0);
        StepVerifier.create(uploads.flush()).expectComplete().verify(WAIT);
        assertThat(uploads.failed()).isEqualTo(1);
        assertThat(uploads.uploaded()).isZero();
        assertThat(uploads.pending()).isZero();
        assertThat(logs.warnings()).hasSize(1);
        uploads.close();

        uploads = uploading(Mono.never()).timeout(Duration.ofMillis(20)).build();
        part(generation(uploads, LARGE), 0);
        StepVerifier.create(uploads.flush()).expectComplete().verify(WAIT);
        assertThat(uploads.failed()).isEqualTo(1);
        assertThat(uploads.pending()).isZero();
    }

    @Test
    void uploader_thatThrowsOrDeclines_leavesTheSize() {
        uploads = MediaUploads.create(media -> {
            throw new IllegalStateException("broken");
        });
        assertThat(part(generation(uploads, LARGE), 0).get("bytes").asInt()).isEqualTo(LARGE);
        assertThat(uploads.failed()).isEqualTo(1);
        assertThat(uploads.pending()).isZero();
        uploads.close();

        uploads = MediaUploads.create(media -> null);
        assertThat(part(generation(uploads, LARGE), 0).get("bytes").asInt()).isEqualTo(LARGE);
        assertThat(uploads.failed()).isZero();
        assertThat(uploads.pendingBytes()).isZero();
    }

    @Test
    void close_refusesWhatComesLater() {
        uploads = uploading(Mono.empty()).build();
        uploads.close();

        assertThat(part(generation(uploads, LARGE), 0).get("type").asString()).isEqualTo("blob");
        assertThat(uploads.refused()).isEqualTo(1);
        assertThat(asked).hasValue(0);
    }

    @Test
    void builder_badValues_areRefusedByName() {
        MediaUploads.Builder builder = MediaUploads.builder(media -> null);

        assertThatThrownBy(() -> MediaUploads.builder(null)).hasMessage("uploader == null");
        assertThatThrownBy(() -> builder.maxPending(0)).hasMessage("maxPending is not between 1 and 10000: 0");
        assertThatThrownBy(() -> builder.maxPendingBytes(0)).hasMessage("maxPendingBytes is not positive: 0");
        assertThatThrownBy(() -> builder.timeout(Duration.ZERO)).hasMessage("timeout is not positive: PT0S");
        uploads = builder.build();
        assertThat(uploads).hasToString("MediaUploads{maxPending=64, maxPendingBytes=67108864, timeout=PT1M}");
    }
}
