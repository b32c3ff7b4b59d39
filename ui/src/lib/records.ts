import type { RecordModel } from 'pocketbase'

export type Visibility = 'private' | 'members' | 'public'
export type Kind = 'book' | 'comic' | 'document' | 'image' | 'audio' | 'video' | 'archive' | 'other'
export const kinds: readonly Kind[] = ['book', 'comic', 'document', 'image', 'audio', 'video', 'archive', 'other']

export interface Category extends RecordModel {
  code: string
  name: string
  description: string
}

/** What one patron may see of another. */
export interface Profile {
  id: string
  name: string
  username: string
  avatar: string
  collectionId?: string
  collectionName?: string
}

/** One catalogued work with its file. */
export interface Document extends RecordModel {
  code: string
  title: string
  description: string
  observations?: string
  authors: string[] | null
  publisher: string
  published: string
  language: string
  isbn: string
  series: string
  seriesIndex: number
  tags: string[] | null
  category: string
  owner: string
  visibility: Visibility
  file: string
  fileName: string
  contentType: string
  fileSize: number
  sha256: string
  fileUpdated: string
  kind: Kind
  pages: number
  duration: number
  thumbnail: string
  state: 'processing' | 'ready' | 'failed'
  stateDetail: string
  stateMessage: string
  expiresOn: string
  alert: boolean
  daysToAlert: number
  alertEmails?: string[] | null
  created: string
  updated: string
  expand?: { category?: Category; owner?: Profile & RecordModel }
}

export interface Share extends RecordModel {
  document: string
  user: string
  expand?: { user?: Profile & RecordModel; document?: Document }
}

export interface User extends RecordModel {
  name: string
  username: string
  email: string
  avatar: string
  role: string
  state: 'pending' | 'active' | 'inactive'
  verified: boolean
  language: string
  timezone: string
  lastLogin: string
  channels: Channel[]
  quietHours: { from: string; to: string } | null
  expand?: { role?: Role }
}

/** The ways by which a patron hears of things outside the app. */
export type Channel = 'push' | 'mail'

/** What a patron is told of something that happened. */
export interface Notice extends RecordModel {
  user: string
  title: string
  body: string
  kind: 'message' | 'share' | 'expiry' | 'due' | 'hold' | 'account' | 'system'
  document: string
  webAction: string
  readAt: string
  created: string
}

/** A phone or a browser that gets push messages. */
export interface Device extends RecordModel {
  platform: 'android' | 'ios' | 'web'
  label: string
  lastSeen: string
}

export interface Role extends RecordModel {
  name: string
  permissions: string[]
  webActions: string[] | null
  mobileActions: string[] | null
}

export interface Library extends RecordModel {
  name: string
  description: string
  logo: string
  defaultLanguage: string
  defaultTimezone: string
  signup: 'open' | 'closed'
  activation: Activation
}

export type Activation = 'email' | 'approval' | 'none'

/** The answer of GET /api/library/me. */
export interface Me {
  user: User
  role: { id: string; name: string; permissions: string[]; webActions: string[]; mobileActions: string[] }
  unreadNotifications: number
  language: string
  timezone: string
}
