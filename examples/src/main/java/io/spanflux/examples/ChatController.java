// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.examples;

import org.springframework.beans.factory.ObjectProvider;
import org.springframework.http.MediaType;
import org.springframework.http.codec.ServerSentEvent;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.RequestParam;
import org.springframework.web.bind.annotation.RestController;
import reactor.core.publisher.Flux;

/** What the page asks for: an answer as it is written, and what the collector has got. */
@RestController
class ChatController {
    private static final String TENANT = "acme";

    private final SupportAgent agent;
    private final ObjectProvider<LoopbackCollector> collector;

    ChatController(SupportAgent agent, ObjectProvider<LoopbackCollector> collector) {
        this.agent = agent;
        this.collector = collector;
    }

    /** A piece of the answer; as JSON, since server-sent events lose blanks at the beginning. */
    record Piece(String text) {}

    @GetMapping(path = "/chat", produces = MediaType.TEXT_EVENT_STREAM_VALUE)
    Flux<ServerSentEvent<Piece>> chat(
            @RequestParam("user") String user,
            @RequestParam("conversation") String conversation,
            @RequestParam("question") String question) {
        return agent.reply(new Ticket(conversation, TENANT, user, question))
                .map(text -> ServerSentEvent.builder(new Piece(text)).build());
    }

    @GetMapping(path = "/traces", produces = MediaType.TEXT_PLAIN_VALUE)
    String traces() {
        LoopbackCollector embedded = collector.getIfAvailable();
        return embedded == null ? "The spans go to a collector of your own." : TraceTree.of(embedded.spans());
    }
}
