/** What a hand-written frame does with a client's array: takes it all, and leaves an empty one. */

/** Someone who has sent messages, oldest first. */
export interface Sender<Message> {
  messages: Message[];
}

/** The messages of one client for this frame, `most` at the most. */
export function batchOf<Message>(client: Sender<Message>, most: number): Message[] {
  if (client.messages.length > most) return client.messages.splice(0, most);
  const batch = client.messages;
  client.messages = [];
  return batch;
}
